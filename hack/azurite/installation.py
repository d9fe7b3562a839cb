"""Azurite from npm: where it lies, and its installation.

Must not start it.
"""

import shutil
from pathlib import Path
from typing import Final

from hack.localcluster.host import npm_packages, packages
from hack.localcluster.host.locks import locked
from hack.localcluster.state import State, default_root

VERSION: Final = "3.35.0"
"""The last one that runs with the Node.js of Debian."""


def find_program() -> Path:
    """Return the command of its blob service, which is there once `ensure` was called."""
    return default_root() / f"azurite-{VERSION}" / "node_modules" / ".bin" / "azurite-blob"


def ensure() -> Path:
    """Return the command; installs it where it is missing."""
    program = find_program()
    with locked(State(default_root()), "azurite"):
        if not program.exists():
            _install(program.parents[2])
    return program


def _install(folder: Path) -> None:
    if shutil.which("npm") is None:
        reasons = {"npm": "fetches and runs Azurite, which the tests of Azure Blob write to"}
        packages.ensure_programs("the tests of Azure Blob", reasons)
    npm_packages.install("azurite", VERSION, folder)

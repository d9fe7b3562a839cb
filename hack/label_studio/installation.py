"""Label Studio in an environment of its own: it pins Django and 150 other packages, of which Darkroom needs none.

Owns where it is and the database that each test begins with: making its tables takes longer than a test.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from hack.localcluster.host.locks import locked
from hack.localcluster.state import State, default_root

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
_READY: Final = "ready"
OFFLINE: Final = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_RATE": "0",
    "FRONTEND_SENTRY_RATE": "0",
}
"""Settings with which it asks nothing of other machines."""


def find_folder() -> Path:
    """Return where the environment of these requirements is, or will be."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return default_root() / f"label-studio-{digest}"


def find_program(folder: Path) -> Path:
    """Return the command that starts it."""
    return folder / "bin" / "label-studio"


def install() -> Path:
    """Return the folder of an environment that is complete; makes it where it is not."""
    folder = find_folder()
    with locked(State(default_root()), "label-studio"):
        if not (folder / _READY).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run(_uv(), "venv", "--quiet", "--python", sys.executable, str(folder))
            _run(_uv(), "pip", "install", "--quiet", "--python", str(folder / "bin/python"), "-r", str(REQUIREMENTS))
            _make_tables(folder)
            (folder / _READY).touch()
    return folder


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def _make_tables(folder: Path) -> None:
    """Write an empty database with all tables, as a first start does."""
    data = folder / "empty"
    environment = {**os.environ, **OFFLINE, "LABEL_STUDIO_BASE_DATA_DIR": str(data)}
    subprocess.run(
        [find_program(folder), "version", "--data-dir", data], env=environment, check=True, stdout=subprocess.DEVNULL
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True)

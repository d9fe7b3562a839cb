"""Chromium from Debian and axe-core from npm: where both lie, and their installation.

Must not open a page.
"""

import shutil
from pathlib import Path
from typing import Final

from hack.localcluster.host import npm_packages, packages
from hack.localcluster.state import default_root

CHROMIUM: Final = "/usr/bin/chromium"
AXE_VERSION: Final = "4.14.1"


def find_axe() -> Path:
    """Return where axe-core's script is, or is to be."""
    return default_root() / f"axe-core-{AXE_VERSION}" / "node_modules" / "axe-core" / "axe.min.js"


def ensure() -> None:
    """Install what is missing; does nothing, at once, where all is there."""
    wanted = {}
    if not Path(CHROMIUM).exists():
        wanted["chromium"] = "shows the pages to the browser tests"
    if not find_axe().exists() and shutil.which("npm") is None:
        wanted["npm"] = "fetches axe-core, which checks pages for keyboard, contrast and screen readers"
    packages.ensure_programs("the browser tests", wanted)
    if not find_axe().exists():
        npm_packages.install("axe-core", AXE_VERSION, find_axe().parents[2])

"""Packages of npm, each in a folder of its own. Must not install npm, or run what it installs."""

import os
import subprocess
from pathlib import Path

from hack.localcluster.progress import Refused, step


def install(name: str, version: str, folder: Path) -> None:
    """Install a package into `folder`, by way of one beside it, so that what is found is whole."""
    scratch = folder.with_name(f".{folder.name}-{os.getpid()}")
    command = ["npm", "install", "--prefix", str(scratch), "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
    with step(name):
        result = subprocess.run([*command, f"{name}@{version}"], capture_output=True, text=True)
        if result.returncode != 0:
            raise Refused(f"npm could not install {name} {version}:\n{result.stderr[-2000:]}")
        scratch.rename(folder)

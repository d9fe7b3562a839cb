"""Programs out of Debian's packages, for the tests alone."""

import pathlib
import shutil
import subprocess
import tempfile

import pytest


def find_program(name: str, cache: pathlib.Path) -> str:
    """Return the path of a program that stands in the package of its name, taken out of it where it is not installed.

    Nothing is installed from here: the package of a server would start one of its own.
    """
    extracted = cache / name / "usr" / "bin" / name
    installed = shutil.which(name) or (str(extracted) if extracted.exists() else None)
    if installed is None:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            _run("apt-get", "download", "-o", "APT::Sandbox::User=root", name, folder=folder)
            package = next(pathlib.Path(folder).glob(f"{name}_*.deb"))
            _run("dpkg-deb", "--extract", str(package), str(cache / name), folder=folder)
    return installed or str(extracted)


def _run(*command: str, folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command[:2])} failed: {done.stderr[-1000:]}")

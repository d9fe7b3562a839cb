"""Sample sets, written as a user writes them: with the `darkroom samples` command."""

import pathlib
import subprocess
import sys

import pytest


def write_samples(name: str, folder: pathlib.Path, shots: int | None) -> None:
    """Write a sample set into a folder: `shots` training digits of each class, or all there are."""
    command = [str(pathlib.Path(sys.executable).with_name("darkroom")), "samples", name]
    options = ["--to", str(folder), *(() if shots is None else ("--shots", str(shots)))]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"darkroom samples {name} failed: {done.stderr or done.stdout}")

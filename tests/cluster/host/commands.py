"""The `darkroom` command as a user runs it: installed beside this Python, in a process of its own."""

import pathlib
import subprocess
import sys

import pytest


def run_darkroom(*words: str | pathlib.Path) -> str:
    """Run `darkroom` with these words and return what it printed; fails the test where the command fails."""
    command = [str(pathlib.Path(sys.executable).with_name("darkroom")), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"darkroom {words[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout

"""The same manifests without a cluster, where none can be had."""

import pathlib
import subprocess
from typing import Final

LOCAL_EXAMPLES: Final = pathlib.Path("examples/local")
_COMMAND: Final = ".venv/bin/darkroom"


def run_without_cluster(output: pathlib.Path) -> int:
    """Install the trainer, write the samples and run the local examples; returns the exit code of `darkroom run`."""
    steps = (
        ("make", "venv"),
        (_COMMAND, "samples", "digits", "--to", str(LOCAL_EXAMPLES / "data" / "digits")),
        (_COMMAND, "samples", "digit-scenes", "--to", str(LOCAL_EXAMPLES / "data" / "digit-scenes")),
        (_COMMAND, "run", "-f", str(LOCAL_EXAMPLES), "--output", str(output)),
    )
    for step in steps:
        code = subprocess.run(step, check=False).returncode
        if code != 0:
            return code
    return 0

"""`python -m bench.scale`: what 1, 2 and 4 devices make of the same budget, each a CPU core while there are so many.

A training of the digits, networks alone, for each number of devices, in processes of its own: what its rounds with
several recipes trained, in what time, what all of it scored on the test images, and how long devices waited for each
other. As many cores as devices are used; where the machine has fewer, the devices share them, and the table says so.
`--clock cpu` charges the CPU time of each process instead, for a machine that others use: then nothing is known of
waiting, and of shared steps only what the first process computes.

    python -m bench.scale [--devices 1 2 4] [--budget 150] [--seed 0] [--clock wall] [--markdown docs/benchmarks.md]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Final

from bench.marks import replace_marked
from bench.scale import table

MARK: Final = "scale"


def main() -> int:
    """Run the bench; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--budget", type=float, default=150.0, help="of each training, charged seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the table between the `{MARK}` marks of this file")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    options = parser.parse_args()
    runs = [_run(devices, options.budget, options.seed, options.clock) for devices in options.devices]
    text = table.format_runs(runs, cores=len(os.sched_getaffinity(0)))
    print(text)
    if options.markdown is not None:
        replace_marked(options.markdown, MARK, text)
    return 0


def _run(devices: int, budget_seconds: float, seed: int, clock: str) -> table.ScaleRun:
    """Return what a training on so many devices made, in a process with as many cores."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.scale.one_run", folder, str(devices), str(budget_seconds), str(seed)]
        subprocess.run([*command, clock], check=True)
        return table.ScaleRun(**json.loads((pathlib.Path(folder) / "run.json").read_text()))


if __name__ == "__main__":
    sys.exit(main())

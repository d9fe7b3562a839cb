"""`python -m bench.scale.one_run FOLDER DEVICES BUDGET SEED CLOCK`: a training of the digits, watched round by round.

Networks alone, for a classifier on frozen features would leave them nothing to do. Owns that as many cores are used as
there are devices, from before torch is imported on.
"""

import json
import os
import pathlib
import resource
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

Clock = Callable[[], float]


def main() -> int:
    """Train, and write what was seen into run.json; returns the exit code."""
    folder, devices = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:devices])
    clock = {"wall": time.monotonic, "cpu": time.process_time}[sys.argv[5]]
    found = train(folder, devices, float(sys.argv[3]), int(sys.argv[4]), clock)
    (folder / "run.json").write_text(json.dumps(found))
    return 0


def train(folder: pathlib.Path, devices: int, budget_seconds: float, seed: int, clock: Clock) -> dict[str, Any]:
    """Return the fields of a `table.ScaleRun`."""
    from bench.fewshot import darkroom_run
    from bench.fewshot.cells import DARKROOM, Cell
    from bench.fewshot.sets import FULL, SETS, write_parts
    from bench.scale.watching import Rounds
    from darkroom_trainer.commands import engine
    from darkroom_trainer.runtime import reporting
    from darkroom_trainer.training import frozen_features

    train_file, test_file = write_parts(SETS["digits"], FULL, seed, folder / "data")
    cell = Cell("digits", FULL, seed, f"{DARKROOM}:{darkroom_run.RANDOM}", budget_seconds)
    config = darkroom_run.build_config(cell, train_file, test_file, folder).model_copy(update={"devices": devices})
    rounds, began = Rounds(clock), time.monotonic()
    with rounds.watched(), mock.patch.object(frozen_features, "search_head", return_value=None):
        outcome = engine.execute(
            config, folder / "scratch", reporting.SilentReporter(), meter=engine.open_meter(config, clock=clock)
        )
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "devices": devices,
        **rounds.to_json(),
        "charged_seconds": outcome.meter.charged_seconds,
        "wall_seconds": time.monotonic() - began,
        "cpu_seconds": sum(one.ru_utime + one.ru_stime for one in usage),
        "score": outcome.performance.score if outcome.performance else None,
    }


if __name__ == "__main__":
    sys.exit(main())

"""`python -m bench.fewshot.run_cell CELL FOLDER`: measure one cell, alone in a process; prints the row as JSON.

Owns what is charged: reading the training images and training, on the bench's clock. Importing is not, for nobody, and
neither is measuring a baseline on the test images, which Darkroom does within its budget.
"""

import json
import pathlib
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from typing import Any

from bench.fewshot import clock
from bench.fewshot.baselines import registry
from bench.fewshot.cells import DARKROOM, Cell, Row
from bench.fewshot.sets import SETS, BenchSet, read_part, write_parts


def measure(cell: Cell, root: pathlib.Path) -> Row:
    """Write the cell's data where it is not there yet, and measure its method on them."""
    bench_set = SETS[cell.set_name]
    train, test = write_parts(bench_set, cell.shots, cell.seed, root)
    began = time.monotonic()
    row = _run_darkroom(cell, bench_set, train, test) if cell.method == DARKROOM else _run_baseline(cell, train, test)
    row.details["wallSeconds"] = round(time.monotonic() - began, 1)
    return row


def _run_darkroom(cell: Cell, bench_set: BenchSet, train: pathlib.Path, test: pathlib.Path) -> Row:
    from bench.fewshot import darkroom_run

    work = pathlib.Path(tempfile.mkdtemp(prefix="fewshot-"))
    try:
        budget, seed = cell.budget_seconds, cell.seed
        config = darkroom_run.build_config(train, test, work, boxed=bench_set.boxed, budget_seconds=budget, seed=seed)
        trained = darkroom_run.train(config, work, clock.read_clock)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Row(cell, trained.score, trained.images, trained.charged_seconds, trained.details)


def _run_baseline(cell: Cell, train_file: pathlib.Path, test_file: pathlib.Path) -> Row:
    bench_set, test = SETS[cell.set_name], read_part(test_file)
    run = registry.prepare(cell.method)
    began = clock.read_clock()
    ends_at = began + cell.budget_seconds
    score, details = run(bench_set, read_part(train_file), test, cell.seed, ends_at)
    return Row(cell, score, len(test), round(clock.read_clock() - began, 2), details)


def main() -> int:
    """Measure the cell of the arguments."""
    entry: dict[str, Any] = json.loads(sys.argv[1])
    row = measure(Cell(**entry), pathlib.Path(sys.argv[2]))
    print(json.dumps(asdict(row)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m bench.fewshot.run_cell CELL TRAIN TEST`: measure one cell, alone in a process; prints the row as JSON.

TRAIN and TEST are COCO files that `sets` wrote. Owns what is charged: reading the training images and training, on the
bench's clock. Importing is not, for nobody, and neither is measuring a baseline on the test images, which Darkroom does
within its budget.
"""

import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict

from bench.fewshot import clock
from bench.fewshot.baselines import registry
from bench.fewshot.cells import Cell, Row
from bench.fewshot.sets import read_part


def measure(
    cell: Cell, train: pathlib.Path, test: pathlib.Path, read_clock: Callable[[], float] = clock.read_clock
) -> Row:
    """Measure a cell's method; `read_clock` is what Darkroom's budget is counted on."""
    began = time.monotonic()
    row = _run_baseline(cell, train, test) if cell.variant is None else _run_darkroom(cell, train, test, read_clock)
    row.details["wallSeconds"] = round(time.monotonic() - began, 1)
    return row


def _run_darkroom(cell: Cell, train: pathlib.Path, test: pathlib.Path, read_clock: Callable[[], float]) -> Row:
    from bench.fewshot import darkroom_run

    with tempfile.TemporaryDirectory(prefix="fewshot-") as folder:
        return darkroom_run.train(cell, train, test, pathlib.Path(folder), read_clock)


def _run_baseline(cell: Cell, train: pathlib.Path, test: pathlib.Path) -> Row:
    tested = read_part(test)
    learn = registry.prepare(cell.method)
    began = clock.read_clock()
    taught = read_part(train)
    lesson = registry.Lesson(cell, taught.labels, taught.pictures, began + cell.budget_seconds)
    learned = learn(lesson)
    charged = round(clock.read_clock() - began, 2)
    score, strict_score = registry.score(learned.predict(tested.pictures), tested)
    return Row(cell, score, len(tested.pictures), charged, learned.details, strict_score)


def main() -> int:
    """Measure the cell of the arguments."""
    cell, train, test = sys.argv[1:]
    print(json.dumps(asdict(measure(Cell(**json.loads(cell)), pathlib.Path(train), pathlib.Path(test)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Cells one after another: each in a process and on a core of its own, those that the file has left out.

Owns what is told of it on the way, and how long it is expected to take. Must not know what is done with the rows.
"""

import json
import pathlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from bench import side_by_side
from bench.fewshot import clock
from bench.fewshot.cells import Cell, ResultFile, Row
from bench.fewshot.sets import BenchSet, write_parts

MODULE: Final = "bench.fewshot.run_cell"
MOST_SECONDS: Final = 3600
AROUND_SECONDS: Final = 20.0
"""Importing, reading, and measuring a baseline on the test images: on no budget."""
QUICK_SECONDS: Final = {"logistic": 10.0, "knn": 5.0, "embedded-logistic": 60.0}
"""What methods take that do not spend their budget, of a core's seconds, at most."""


def run_cells(
    cells: Sequence[Cell],
    sets: Mapping[str, BenchSet],
    file: ResultFile,
    data: pathlib.Path,
    *,
    cores: int = clock.CORES,
    fresh: bool = False,
) -> list[Cell]:
    """Measure the cells that are not in the file yet; returns those that could not be measured."""
    due = plan_due(cells, file, cores, fresh=fresh)
    measured, began = set(), time.monotonic()
    for at, row in enumerate(_measure(due, sets, data, cores), start=1):
        file.append(row)
        measured.add(row.cell)
        print(f"[{at}/{len(due)}, {time.monotonic() - began:.0f} s] {row.describe()}", flush=True)
    return [cell for cell in due if cell not in measured]


def plan_due(cells: Sequence[Cell], file: ResultFile, cores: int, *, fresh: bool = False) -> list[Cell]:
    """Return the cells that are to be measured, all of them where `fresh`; says how many, and how long they take."""
    known = {} if fresh else file.read()
    due = [cell for cell in cells if cell.key not in known]
    expected = sum(estimate_seconds(cell) for cell in due) / cores
    print(f"{len(due)} of {len(cells)} cells to measure, at most about {expected / 60:.0f} min", flush=True)
    return due


def estimate_seconds(cell: Cell) -> float:
    """Return what a cell takes where nothing else runs, of a core's seconds."""
    spent = clock.CORES * cell.budget_seconds
    return AROUND_SECONDS + min(spent, QUICK_SECONDS.get(cell.method, spent))


def _measure(cells: Sequence[Cell], sets: Mapping[str, BenchSet], data: pathlib.Path, cores: int) -> Iterator[Row]:
    parts = [write_parts(sets[cell.set_name], cell.shots, cell.seed, data) for cell in cells]
    calls = [[MODULE, json.dumps(asdict(cell)), *map(str, files)] for cell, files in zip(cells, parts, strict=True)]
    for place, line in side_by_side.run_modules(calls, clock.build_environment(), cores, MOST_SECONDS):
        if line is not None:
            yield Row(**{**json.loads(line), "cell": cells[place]})

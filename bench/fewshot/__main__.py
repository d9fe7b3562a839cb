"""`python -m bench.fewshot`: Darkroom beside what people would do instead, with few images, at equal compute.

Every cell (set, shots, seed, method) has a process and a core of its own and is kept in a file: a bench that was
interrupted goes on where it was. Prints a table for each set; exits 1 where Darkroom is behind in one of the lines.

    python -m bench.fewshot [--sets digits shapes] [--shots 2 10 full] [--seeds 0 1 2] [--methods darkroom]
        [--budget 20] [--box-budget 40] [--cores 2] [--fresh] [--tables]
        [--markdown docs/benchmarks.md]
"""

import argparse
import json
import pathlib
import sys
import time
from dataclasses import asdict
from typing import Final

from bench import side_by_side
from bench.fewshot import clock, tables
from bench.fewshot.baselines import registry
from bench.fewshot.cells import Cell, ResultFile, Row, name_shots, parse_shots
from bench.fewshot.sets import FULL, SETS, write_parts
from bench.marks import replace_marked

FOLDER: Final = pathlib.Path(".bench/fewshot")
MARK: Final = "fewshot"
SHOTS: Final = (2, 3, 5, 10, FULL)
MOST_SECONDS: Final = 900
MODULE: Final = "bench.fewshot.run_cell"


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    file = ResultFile(options.folder / "results.jsonl")
    failures = [] if options.tables else run_cells(plan_cells(options), file, options)
    return show(file.read(), options) or int(bool(failures))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*registry.CLASSIFIERS, *registry.DETECTORS[1:]]
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--shots", type=parse_shots, nargs="+", default=list(SHOTS), help="numbers, or full")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", choices=known, default=known)
    parser.add_argument("--budget", type=float, default=20, help="seconds, for classification")
    parser.add_argument("--box-budget", type=float, default=40, help="seconds, for detection")
    parser.add_argument("--cores", type=int, default=clock.CORES, help="cells that run side by side")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--tables", action="store_true", help="measure nothing, show what was measured before")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="where data and results are kept")
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the tables between the `{MARK}` marks of this file")
    return parser.parse_args()


def plan_cells(options: argparse.Namespace) -> list[Cell]:
    """Return the cells in the order in which they run: by seed, so that the first ones already show a whole table."""
    return [
        Cell(name, shots, seed, method, options.box_budget if SETS[name].boxed else options.budget)
        for seed in options.seeds
        for name in options.sets
        for shots in options.shots
        for method in options.methods
        if method in list_methods(name)
    ]


def list_methods(set_name: str) -> tuple[str, ...]:
    """Return the methods that can learn a set."""
    return registry.DETECTORS if SETS[set_name].boxed else registry.CLASSIFIERS


def run_cells(cells: list[Cell], file: ResultFile, options: argparse.Namespace) -> list[Cell]:
    """Measure the cells that are not in the file yet; returns those that could not be measured."""
    known = {} if options.fresh else file.read()
    due, failed, began = [cell for cell in cells if cell.key not in known], [], time.monotonic()
    print(f"{len(due)} of {len(cells)} cells to measure", flush=True)
    for cell in due:
        write_parts(SETS[cell.set_name], cell.shots, cell.seed, options.folder / "data")
    calls = [[MODULE, json.dumps(asdict(cell)), str(options.folder / "data")] for cell in due]
    answers = side_by_side.run_modules(calls, clock.build_environment(), options.cores, MOST_SECONDS)
    for at, (place, line) in enumerate(answers, start=1):
        cell = due[place]
        if line is None:
            failed.append(cell)
            continue
        row = Row(**{**json.loads(line), "cell": cell})
        file.append(row)
        told = f"{row.score:.3f} in {row.charged_seconds:.1f} s charged, {row.details['wallSeconds']} s of wall time"
        print(f"[{at}/{len(due)}, {time.monotonic() - began:.0f} s] {cell.key}: {told}", flush=True)
    return failed


def show(rows: dict[str, Row], options: argparse.Namespace) -> int:
    """Print the tables of all methods' rows at these budgets; returns 1 where Darkroom is behind."""
    texts, verdicts = [], []
    for name in options.sets:
        budget = options.box_budget if SETS[name].boxed else options.budget
        keys = [
            Cell(name, shots, seed, method, budget).key
            for seed in options.seeds
            for shots in options.shots
            for method in list_methods(name)
        ]
        found = [rows[key] for key in keys if key in rows]
        score = "mAP@50" if SETS[name].boxed else "accuracy"
        title = f"{name} ({score}, {SETS[name].test_images} test images, {budget:g} s)"
        text, judged = tables.format_table(title, found, options.shots, list_methods(name))
        texts.append(text)
        verdicts += [(name, name_shots(shots), verdict) for shots, verdict in zip(options.shots, judged, strict=True)]
    print("\n" + "\n\n".join(texts) + "\n")
    for name, shots, verdict in verdicts:
        if verdict in (tables.BEHIND, tables.UNMEASURED):
            print(f"{verdict.upper()}: {name} at {shots} shots")
    if options.markdown is not None:
        replace_marked(options.markdown, MARK, "\n\n".join(texts))
    return int(any(verdict == tables.BEHIND for *_, verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())

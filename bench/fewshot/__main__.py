"""`python -m bench.fewshot`: Darkroom beside what people would do instead, with few images, at equal compute.

Every cell (set, shots, seed, method) has a process and a core of its own and is kept in a file: a bench that was
interrupted goes on where it was, and a part of it (some seeds, sets, shots, methods) is kept for the whole. Prints how
long it will take, then a table for each set; exits 1 where Darkroom is behind in one of the lines.

    python -m bench.fewshot [--photos DIR] [--sets digits clothing] [--shots 1 10 full] [--seeds 0 1 2]
        [--methods darkroom embedded-logistic] [--budget 60] [--box-budget 120] [--cores 2] [--fresh] [--tables]
        [--plan] [--markdown docs/benchmarks.md]
"""

import argparse
import pathlib
import sys
from collections.abc import Mapping
from typing import Final

from bench.fewshot import clock, photographs, running, tables
from bench.fewshot.baselines import registry
from bench.fewshot.cells import DARKROOM, Cell, ResultFile, Row, name_shots, parse_shots
from bench.fewshot.sets import FULL, SETS, BenchSet
from bench.marks import replace_marked

FOLDER: Final = pathlib.Path(".bench/fewshot")
MARK: Final = "fewshot"
SHOTS: Final = (1, 2, 3, 5, 10, FULL)


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    sets = choose_sets(options.sets, options.photos)
    cells = plan_cells(sets, options)
    file = ResultFile(options.folder / "results.jsonl")
    if options.plan:
        running.plan_due(cells, file, options.cores, fresh=options.fresh)
        return 0
    data, failures = options.folder / "data", []
    if not options.tables:
        failures = running.run_cells(cells, sets, file, data, cores=options.cores, fresh=options.fresh)
    return show(file.read(), cells, sets, options) or int(bool(failures))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [DARKROOM, *registry.CLASSIFIERS, *registry.DETECTORS]
    parser.add_argument("--photos", type=pathlib.Path, help="a folder with sets of photographs, see `photographs`")
    parser.add_argument("--sets", nargs="+", help="by name; all that are drawn and all photographs when absent")
    parser.add_argument("--shots", type=parse_shots, nargs="+", default=list(SHOTS), help="numbers, or full")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", choices=known, default=known)
    parser.add_argument("--budget", type=float, default=60, help="seconds, for classification")
    parser.add_argument("--box-budget", type=float, default=120, help="seconds, for detection")
    parser.add_argument("--cores", type=int, default=clock.CORES, help="cells that run side by side")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--tables", action="store_true", help="measure nothing, show what was measured before")
    parser.add_argument("--plan", action="store_true", help="measure nothing, say how long it would take")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="where data and results are kept")
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the tables between the `{MARK}` marks of this file")
    return parser.parse_args()


def choose_sets(names: list[str] | None, photos: pathlib.Path | None) -> dict[str, BenchSet]:
    """Return the sets of those names, or all; SystemExit for an unknown one."""
    known = dict(SETS)
    if photos is None:
        print("no photographs: --photos DIR adds the sets of a folder (NAME/pool.json and NAME/test.json)")
    else:
        found = photographs.find_sets(photos)
        if doubled := sorted(known.keys() & found):
            raise SystemExit(f"--photos {photos}: the names {', '.join(doubled)} are those of drawn sets: rename them")
        known |= found
    if unknown := sorted(set(names or ()) - known.keys()):
        raise SystemExit(f"--sets: {', '.join(unknown)} not among {', '.join(known)}; photographs need --photos DIR")
    return {name: known[name] for name in names or known}


def plan_cells(sets: Mapping[str, BenchSet], options: argparse.Namespace) -> list[Cell]:
    """Return the cells in the order in which they run: by seed, so that the first ones already show a whole table."""
    return [
        Cell(name, shots, seed, method, choose_budget(bench_set, options))
        for seed in options.seeds
        for name, bench_set in sets.items()
        for shots in bench_set.list_shots(options.shots)
        for method in registry.list_methods(boxed=bench_set.boxed)
        if method in options.methods
    ]


def choose_budget(bench_set: BenchSet, options: argparse.Namespace) -> float:
    """Return the budget of each cell of a set."""
    seconds: float = options.box_budget if bench_set.boxed else options.budget
    return seconds


def show(rows: Mapping[str, Row], cells: list[Cell], sets: Mapping[str, BenchSet], options: argparse.Namespace) -> int:
    """Print the tables of the cells; returns 1 where Darkroom is behind."""
    texts, is_behind = [], False
    for name, bench_set in sets.items():
        found = [rows[cell.key] for cell in cells if cell.set_name == name and cell.key in rows]
        measured = "mAP@50 / mAP@75" if bench_set.boxed else "accuracy"
        title = f"{name} ({measured}, {bench_set.test_images} test images, {choose_budget(bench_set, options):g} s)"
        shots, methods = bench_set.list_shots(options.shots), registry.list_methods(boxed=bench_set.boxed)
        text, verdicts = tables.format_table(title, found, shots, [one for one in methods if one in options.methods])
        texts.append(text)
        for count, verdict in zip(shots, verdicts, strict=True):
            is_behind |= verdict == tables.BEHIND
            if verdict in (tables.BEHIND, tables.UNMEASURED):
                print(f"{verdict.upper()}: {name} at {name_shots(count)} shots")
    print("\n" + "\n\n".join(texts) + "\n")
    if options.markdown is not None:
        replace_marked(options.markdown, MARK, "\n\n".join(texts))
    return int(is_behind)


if __name__ == "__main__":
    sys.exit(main())

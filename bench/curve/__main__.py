"""`python -m bench.curve`: a larger budget is never a worse model, and no more of it is spent than helps.

Two tables. The curve: the score on the test images at 30, 60, 120 and 300 s, of digits with ten images a class and of
all digit scenes; none may be lower than that of a smaller budget beyond noise. Early stop: easy sets with ten minutes
must be charged a third at most, at no loss beyond noise beside trainings that are made to spend all of five minutes,
which is long past what helps on these sets. Noise is the pooled deviation over the seeds, or the standard
error of a share of the test images where that is more. Every run has a process and a core of its own and is kept in a
file: a bench that was interrupted goes on where it was. Exits 1 where a rule is broken.

    python -m bench.curve [--parts curve stop] [--seeds 0 1] [--budgets 30 60 120 300] [--cores 2]
        [--fresh] [--tables] [--markdown docs/benchmarks.md]
"""

import argparse
import pathlib
import sys
from typing import Final

from bench.curve import trainings
from bench.fewshot import running
from bench.fewshot.cells import DARKROOM, Cell, ResultFile, Row
from bench.fewshot.clock import CORES
from bench.fewshot.sets import SETS
from bench.marks import replace_marked

FOLDER: Final = pathlib.Path(".bench/curve")
DATA: Final = pathlib.Path(".bench/fewshot/data")
MARK: Final = "curve"
CURVES: Final = (("digits", 10), ("digit-scenes", 0))
EASY: Final = (("digits", 0),)
STOP_BUDGET_SECONDS: Final = 600.0
WHOLE_BUDGET_SECONDS: Final = 300.0


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    file = ResultFile(options.folder / "results.jsonl")
    cells, failed = plan_cells(options.parts, options.budgets, options.seeds), []
    if not options.tables:
        failed = running.run_cells(cells, SETS, file, DATA, cores=options.cores, fresh=options.fresh)
    rows = file.read()
    text, problems = report([rows[cell.key] for cell in cells if cell.key in rows], options.parts)
    print(f"\n{text}\n")
    for problem in problems:
        print(f"BROKEN: {problem}")
    if options.markdown is not None:
        replace_marked(options.markdown, MARK, text)
    return int(bool(problems or failed))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=["curve", "stop"], default=["curve", "stop"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--budgets", type=float, nargs="+", default=[30.0, 60.0, 120.0, 300.0], help="of the curve, s")
    parser.add_argument("--cores", type=int, default=CORES, help="runs side by side")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--tables", action="store_true", help="measure nothing, show what was measured before")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="where results are kept")
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the tables between the `{MARK}` marks of this file")
    return parser.parse_args()


def plan_cells(parts: list[str], budgets: list[float], seeds: list[int]) -> list[Cell]:
    """Return the runs, quick ones first."""
    cells = []
    for seed in seeds:
        if "curve" in parts:
            cells += [Cell(*shape, seed, DARKROOM, budget) for budget in sorted(budgets) for shape in CURVES]
        if "stop" in parts:
            cells += [Cell(*shape, seed, DARKROOM, STOP_BUDGET_SECONDS) for shape in EASY]
            cells += [Cell(*shape, seed, trainings.SPENDS_ALL, WHOLE_BUDGET_SECONDS) for shape in EASY]
    return cells


def report(rows: list[Row], parts: list[str]) -> tuple[str, list[str]]:
    """Return the tables of the parts, and what is broken."""
    texts, problems = [], []
    easy = [row for row in rows if (row.cell.set_name, row.cell.shots) in EASY]
    if "curve" in parts:
        curves = [row for row in rows if row not in easy]
        texts.append(trainings.format_curves(curves))
        problems += trainings.find_drops(curves)
    if "stop" in parts:
        whole = [row for row in easy if row.cell.method == trainings.SPENDS_ALL]
        stopped = [row for row in easy if row not in whole]
        texts.append(trainings.format_stops(stopped, whole))
        problems += trainings.find_stop_problems(stopped, whole)
    return "\n\n".join(texts), problems


if __name__ == "__main__":
    sys.exit(main())

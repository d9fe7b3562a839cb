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
import json
import pathlib
import sys
from dataclasses import asdict
from typing import Final

from bench import side_by_side
from bench.curve import trainings
from bench.curve.trainings import Point, Result
from bench.fewshot.clock import CORES, build_environment
from bench.fewshot.sets import SETS, write_parts
from bench.marks import replace_marked

FOLDER: Final = pathlib.Path(".bench/curve")
DATA: Final = pathlib.Path(".bench/fewshot/data")
MARK: Final = "curve"
CURVES: Final = (("digits", 10), ("digit-scenes", 0))
EASY: Final = (("digits", 0),)
STOP_BUDGET_SECONDS: Final = 600.0
WHOLE_BUDGET_SECONDS: Final = 300.0
MOST_SECONDS: Final = 3600


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    store = trainings.ResultFile(options.folder / "results.jsonl")
    points = plan_points(options.parts, options.budgets, options.seeds)
    failed = 0 if options.tables else run_points(points, store, options)
    results = [result for key, result in store.read().items() if key in {point.key for point in points}]
    text, problems = report(results, options.parts)
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


def plan_points(parts: list[str], budgets: list[float], seeds: list[int]) -> list[Point]:
    """Return the runs, quick ones first."""
    points = []
    for seed in seeds:
        if "curve" in parts:
            points += [Point(name, shots, seed, budget) for budget in sorted(budgets) for name, shots in CURVES]
        if "stop" in parts:
            points += [Point(name, shots, seed, STOP_BUDGET_SECONDS) for name, shots in EASY]
            points += [Point(name, shots, seed, WHOLE_BUDGET_SECONDS, stops_early=False) for name, shots in EASY]
    return points


def run_points(points: list[Point], store: trainings.ResultFile, options: argparse.Namespace) -> int:
    """Measure the points that are not in the file yet; returns how many could not be measured."""
    known = {} if options.fresh else store.read()
    due, failed = [point for point in points if point.key not in known], 0
    print(f"{len(due)} of {len(points)} runs, at most {sum(point.budget_seconds for point in due):.0f} s", flush=True)
    for point in due:
        write_parts(SETS[point.set_name], point.shots, point.seed, DATA)
    calls = [["bench.curve.trainings", json.dumps(asdict(point)), str(DATA)] for point in due]
    answers = side_by_side.run_modules(calls, build_environment(), options.cores, MOST_SECONDS)
    for at, (place, line) in enumerate(answers, start=1):
        if line is None:
            failed += 1
            continue
        result = Result(**{**json.loads(line), "point": due[place]})
        store.append(result)
        told = f"{result.score:.3f}, {result.charged_seconds:.1f} s charged, {result.stop_reason}"
        print(f"[{at}/{len(due)}] {due[place].key}: {told}", flush=True)
    return failed


def report(results: list[Result], parts: list[str]) -> tuple[str, list[str]]:
    """Return the tables of the parts, and what is broken."""
    texts, problems = [], []
    if "curve" in parts:
        curves = [result for result in results if result.point.stops_early and result.point.shape in CURVES]
        curves = [result for result in curves if result.point.budget_seconds != STOP_BUDGET_SECONDS]
        texts.append(trainings.format_curves(curves))
        problems += trainings.find_drops(curves)
    if "stop" in parts:
        easy = [result for result in results if result.point.shape in EASY]
        stopped = [result for result in easy if result.point.budget_seconds == STOP_BUDGET_SECONDS]
        whole = [result for result in easy if not result.point.stops_early]
        texts.append(trainings.format_stops(stopped, whole))
        problems += trainings.find_stop_problems(stopped, whole)
    return "\n\n".join(texts), problems


if __name__ == "__main__":
    sys.exit(main())

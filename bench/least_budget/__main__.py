"""`python -m bench.least_budget --photos DIR`: the least budget that is useful for up to 50 photographs, on two cores.

Tries budgets by bisection, each in a process of its own, and prints for each set of the folder the least useful one
(what is useful: see `guessing`), beside its bar. Exits 1 where a bar is missed. The clock is that of `bench.fewshot`;
results are kept in the same way.

    python -m bench.least_budget --photos DIR [--sets clothing tools] [--seed 0] [--fresh]
"""

import argparse
import pathlib
import sys
from typing import Final

from bench.fewshot import photographs, running
from bench.fewshot.cells import DARKROOM, Cell, ResultFile, Row, name_shots
from bench.fewshot.sets import FULL, BenchSet, read_part, write_parts
from bench.least_budget import guessing

FOLDER: Final = pathlib.Path(".bench/least-budget")
DATA: Final = pathlib.Path(".bench/fewshot/data")
MOST_IMAGES: Final = 50
BUDGETS: Final = {False: (8.0, 12.0, 16.0, 20.0, 30.0, 45.0), True: (20.0, 30.0, 45.0, 60.0, 90.0, 120.0)}
"""In seconds, by whether there are boxes."""
BARS: Final = {False: 20.0, True: 60.0}


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    sets = photographs.find_sets(options.photos)
    chosen = options.sets or list(sets)
    if unknown := sorted(set(chosen) - set(sets)):
        raise SystemExit(f"--sets: {', '.join(unknown)} not among {', '.join(sets)}")
    file, missed, lines = ResultFile(FOLDER / "results.jsonl"), [], []
    for name in chosen:
        least, line = find_least(sets[name], options.seed, file, fresh=options.fresh)
        lines.append(line)
        if least is None or least > BARS[sets[name].boxed]:
            missed.append(name)
    print("\n| set | images | least useful budget, s | score | guessing | bar |\n|---|---|---|---|---|---|")
    print("\n".join(lines))
    print(f"missed: {', '.join(missed)}" if missed else "every bar is met")
    return int(bool(missed))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="a folder with sets of photographs")
    parser.add_argument("--sets", nargs="+", help="by name; all when absent")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    return parser.parse_args()


def find_least(bench_set: BenchSet, seed: int, file: ResultFile, *, fresh: bool) -> tuple[float | None, str]:
    """Return a set's least useful budget (None where none is), and its line of the table."""
    shots = choose_shots(bench_set)
    train, test = (read_part(path) for path in write_parts(bench_set, shots, seed, DATA))
    guess, rows = guessing.score_guess(train, test), dict[float, Row]()
    budgets = BUDGETS[bench_set.boxed]
    while (budget := guessing.choose_next(budgets, _judge(rows, guess))) is not None:
        cell = Cell(bench_set.name, shots, seed, DARKROOM, budget)
        if running.run_cells([cell], {bench_set.name: bench_set}, file, DATA, cores=1, fresh=fresh):
            raise SystemExit(f"{cell.key} could not be measured, see above")
        rows[budget] = file.read()[cell.key]
    least = min((budget for budget, found in _judge(rows, guess).items() if found), default=None)
    told = f"{least:g} | {rows[least].score:.3f}" if least is not None else f"more than {budgets[-1]:g} | –"
    images = f"{len(train.pictures)} ({name_shots(shots)} shots)"
    return least, f"| {bench_set.name} | {images} | {told} | {guess:.3f} | {BARS[bench_set.boxed]:g} |"


def _judge(rows: dict[float, Row], guess: float) -> dict[float, bool]:
    return {budget: guessing.is_useful(row, guess) for budget, row in rows.items()}


def choose_shots(bench_set: BenchSet) -> int:
    """Return the shots that come closest to MOST_IMAGES images from below."""
    if bench_set.pool_images <= MOST_IMAGES:
        return FULL
    return min(bench_set.most_shots, MOST_IMAGES // len(bench_set.labels))


if __name__ == "__main__":
    sys.exit(main())

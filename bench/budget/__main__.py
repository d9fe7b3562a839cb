"""Whether the budget holds on the real cluster, whatever happens to pods: a row for each budget and number of kills.

Every Model queues for a minute, is killed at random moments of its attempts (the same ones for the same seed) by a
SIGKILL, a drain or a more urgent pod in turn, and must succeed with a model, charged at most its budget. Trainings run
one after the other: on a small machine two would slow each other down tenfold. Prints one table; exits 1 when a row
breaks a rule.

    python -m bench.budget [--budgets 30 60 120] [--kills 0 1 3] [--detector 120] [--markdown FILE]
"""

import argparse
import pathlib
import random
import sys
import time
from typing import Final

from bench.budget import cluster_runs, verdicts
from bench.budget.verdicts import Plan
from bench.clusters.release import open_session
from bench.marks import replace_marked

MARK: Final = "budget"


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    plans = build_plans(options.budgets, options.kills, options.detector, options.seed)
    started = time.monotonic()
    with open_session("budget", 1, **cluster_runs.build_values(plans)) as session:
        rows = cluster_runs.run_all(session, plans, random.Random(options.seed))
    problems = verdicts.find_problems(rows)
    table = verdicts.format_table(rows)
    print(f"\n{table}\n\nseed {options.seed}, {time.monotonic() - started:.0f} s in all")
    for problem in problems:
        print(f"BROKEN: {problem}")
    if options.markdown is not None:
        replace_marked(options.markdown, MARK, table)
    return int(bool(problems))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", type=int, nargs="+", default=[30, 60, 120], help="seconds, for digits")
    parser.add_argument("--kills", type=int, nargs="+", default=[0, 1, 3])
    parser.add_argument("--detector", type=int, nargs="*", default=[120], help="seconds, for digit scenes; one kill")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the table between the `{MARK}` marks of this file")
    return parser.parse_args()


def build_plans(budgets: list[int], kills: list[int], detector: list[int], seed: int) -> list[Plan]:
    """Return the rows to measure; kinds of kills rotate through all of them."""
    shapes = [("classifier", budget, count) for budget in budgets for count in kills]
    shapes += [("detector", budget, count) for budget in detector for count in (0, 1)]
    plans, used = [], seed
    for number, (task, budget, count) in enumerate(shapes):
        kinds = tuple(verdicts.KIND_ORDER[(used + at) % len(verdicts.KIND_ORDER)] for at in range(count))
        used += count
        plans.append(Plan(number, task, budget, kinds))
    return plans


if __name__ == "__main__":
    sys.exit(main())

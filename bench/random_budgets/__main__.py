"""`python -m bench.random_budgets`: no run passes its budget, however unsteady its machine is.

Two hundred tiny trainings of random task, data, budget, rate and seed, most of them interrupted once or twice, each
on a machine that slows down and stalls at random (see `slow_machine`), in a process of its own, as a pod has: what a
first export or picture takes longer than later ones counts. Each must end Succeeded or BudgetNotEnough, be charged at
most its budget, and end every unit of work within it: every look at the uncapped meter counts, the last one, after
the upload, included. An ONNX file that was written must agree with torch. Prints a table and the worst case; exits 1
where a run breaks a rule.

    python -m bench.random_budgets [--runs 200] [--seed 5] [--jobs 2] [--only 17 24] [--markdown FILE]
"""

import argparse
import concurrent.futures
import functools
import os
import pathlib
import queue
import random
import sys
import tempfile
import time

from bench.marks import replace_marked
from bench.random_budgets import one_run, processes, verdicts

MARK = "random-budgets"


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    chance = random.Random(options.seed)
    plans = [verdicts.draw_plan(number, chance) for number in range(options.runs)]
    plans = [plan for plan in plans if options.only is None or plan.number in options.only]
    began = time.monotonic()
    runs = run_all(plans, options.jobs)
    table = verdicts.format_table(runs)
    print(f"\n{table}\n\nseed {options.seed}, {time.monotonic() - began:.0f} s in all")
    print(f"closest to the budget: {verdicts.describe(max(runs, key=lambda run: run.excess_seconds))}")
    broken = [run for run in runs if verdicts.find_problems(run)]
    for run in broken:
        print(f"BROKEN: {'; '.join(verdicts.find_problems(run))}: {verdicts.describe(run)}")
        print(f"    its last looks at the meter: {', '.join(run.trail)}")
    if options.markdown is not None:
        replace_marked(options.markdown, MARK, table)
    return int(bool(broken))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes, one CPU each")
    parser.add_argument("--only", type=int, nargs="+", help="the runs of these numbers")
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the table between the `{MARK}` marks of this file")
    return parser.parse_args()


def run_all(plans: list[verdicts.Plan], jobs: int) -> list[verdicts.Run]:
    """Return the runs of all plans, in their order, several at a time."""
    runs = []
    allowed = sorted(os.sched_getaffinity(0))
    cpus: queue.Queue[int] = queue.Queue()
    for job in range(jobs):
        cpus.put(allowed[job % len(allowed)])
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        one_run.write_data(root)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            run_apart = functools.partial(processes.run_apart, root=root, cpus=cpus)
            pending = [pool.submit(run_apart, plan) for plan in plans]
            for at, future in enumerate(concurrent.futures.as_completed(pending), start=1):
                run = future.result()
                runs.append(run)
                if verdicts.find_problems(run) or at % 20 == 0:
                    print(f"[{at}/{len(plans)}] {verdicts.describe(run)}", flush=True)
    return sorted(runs, key=lambda run: run.plan.number)


if __name__ == "__main__":
    sys.exit(main())

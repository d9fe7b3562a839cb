"""`python -m bench.node_kills`: runs on two nodes end with one model within their budget, whatever is killed.

Each run is real trainer processes over loopback TLS, index 0 and a worker, with a real S3 server: a worker killed,
index 0 killed, both drained, or the order channel between them held without being closed, for good or for a while; at
a random moment in each of ten equal parts of the time that a run without harm takes. What ends as the operator would
start it again is started again. Each must end Succeeded, be charged at most its budget by every look at the uncapped
meter, leave in the bucket what a run without harm leaves there, and nothing elsewhere. On the counted clock steps alone
take time: what is resumed by as many workers must publish the model of a run without harm, bit for bit. Prints a table;
exits 1 where a run breaks a rule.

    python -m bench.node_kills [--moments 10] [--clocks counted real] [--seed 7] [--only 3 8] [--markdown FILE]
"""

import argparse
import pathlib
import sys
import tempfile
import time
from typing import Final

from bench.marks import replace_marked
from bench.node_kills import one_run, verdicts
from bench.node_kills.place import Place, open_place
from bench.node_kills.verdicts import ClockKind, Harm
from tests.faults.storage.s3_server import start_s3

MARK: Final = "node-kills"


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parse_arguments()
    began = time.monotonic()
    plans = verdicts.draw_plans(options.moments, options.clocks, options.seed)
    plans = [plan for plan in plans if options.only is None or plan.number in options.only]
    with tempfile.TemporaryDirectory() as folder, start_s3(pathlib.Path(folder)) as server:
        place = open_place(pathlib.Path(folder), server)
        undisturbed = {clock: run_alone(place, clock) for clock in options.clocks}
        runs = []
        for plan in plans:
            reference = undisturbed[plan.clock]
            run = one_run.run_plan(plan, place, reference.course)
            runs.append(run)
            print(f"[{len(runs)}/{len(plans)}] {verdicts.describe(run)}", flush=True)
            for problem in verdicts.find_problems(run, reference):
                print(f"    BROKEN: {problem}", flush=True)
    table = verdicts.format_table([*undisturbed.values(), *runs], undisturbed)
    print(f"\n{table}\n\nseed {options.seed}, {time.monotonic() - began:.0f} s in all")
    if options.markdown is not None:
        replace_marked(options.markdown, MARK, table)
    return int(any(verdicts.find_problems(run, undisturbed[run.plan.clock]) for run in runs))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=10, help="runs of each kind of harm and clock")
    parser.add_argument("--clocks", type=ClockKind, nargs="+", default=list(ClockKind))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=int, nargs="+", help="the runs of these numbers")
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the table between the `{MARK}` marks of this file")
    return parser.parse_args()


def run_alone(place: Place, clock: ClockKind) -> verdicts.Run:
    """Return a run that nothing is done to; SystemExit where that is broken already."""
    run = one_run.run_plan(verdicts.Plan(-1, Harm.NONE, clock, 1.0), place)
    print(verdicts.describe(run), *sorted(run.keys), sep="\n    ", flush=True)
    problems = verdicts.find_problems(run, run)
    if problems:
        raise SystemExit(f"broken without harm: {'; '.join(problems)}")
    return run


if __name__ == "__main__":
    sys.exit(main())

"""Many Models on the real cluster while their pods and the operator are killed at random.

Every Model must come to its own end, once, and nothing may be left behind. The trainer's image is the real one, with a
training that sleeps in place of one that computes (see `stand_in`). Prints a summary; exits 1 when something is wrong.

    python -m bench.soak [--models 200] [--minutes 20] [--parallel 6] [--seed 4]
"""

import argparse
import pathlib
import random
import sys
import tempfile
import time
from collections import Counter
from typing import Final

from bench import marks
from bench.clusters import release
from bench.soak import checks, disturbances, image, plan
from tests.cluster.api import audit, manifests, waiting
from tests.cluster.storage import samples

MARK: Final = "soak"
ARRIVAL_SHARE: Final = 0.85
"""Of the duration: the last Models come early enough to be disturbed, too."""
SETTLE_SECONDS: Final = 300
SHOTS: Final = 2


def main() -> int:
    """Run the soak; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--parallel", type=int, default=6, help="GPUs that the node says it has")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument(
        "--markdown", type=pathlib.Path, help=f"put the summary between the `{MARK}` marks of this file"
    )
    options = parser.parse_args()
    with release.open_session("soak", options.parallel, **image.build_values()) as session:
        image.build_image(session.state)
        return _soak(session, options)


def _soak(session: release.ClusterSession, options: argparse.Namespace) -> int:
    _prepare_data(session)
    log, sleepers = audit.AuditLog(session.state), plan.plan_sleepers(options.models)
    seconds = options.minutes * 60
    started = time.monotonic()
    chaos = disturbances.Chaos(
        session, sleepers, random.Random(options.seed), seconds * ARRIVAL_SHARE, started + seconds
    )
    chaos.run()
    models = checks.wait_until_ended(session, SETTLE_SECONDS)
    took = time.monotonic() - started
    problems = checks.find_wrong_ends(sleepers, models)
    problems += checks.find_doubles(session, log, models)
    problems += checks.find_old_checkpoints(session, models)
    problems += checks.find_live_jobs(session)
    problems += checks.find_leaks(session)
    summary = _summarize(chaos, models, took, len(problems))
    print(f"{summary}\n\nseed {options.seed}")
    for problem in problems:
        print(f"WRONG: {problem}")
    if options.markdown is not None:
        marks.replace_marked(options.markdown, MARK, summary)
    return int(bool(problems))


def _prepare_data(session: release.ClusterSession) -> None:
    with tempfile.TemporaryDirectory() as folder:
        samples.write_samples("digits", pathlib.Path(folder), SHOTS)
        session.bucket.put_folder(pathlib.Path(folder), "digits")
    session.bucket.put("digits/bad.json", b'{"images": [{"id": 1}], "annotations": [], "categories": []}')
    session.apply_dataset(plan.GOOD_DATASET, "digits/train.json")
    session.apply_dataset(plan.BAD_DATASET, "digits/bad.json")
    session.await_dataset(plan.GOOD_DATASET)


def _summarize(chaos: disturbances.Chaos, models: dict[str, manifests.Manifest], seconds: float, problems: int) -> str:
    ends = Counter(waiting.phase_of(model) for model in models.values())
    attempts = [entry for model in models.values() for entry in waiting.status_of(model).get("attempts", [])]
    outcomes = Counter(str(entry.get("outcome")) for entry in attempts)
    lines = {
        "Models": f"{len(models)}: {_count(ends)}",
        "done to them": _count(chaos.done),
        "attempts in status": f"{len(attempts)}: {_count(outcomes)}",
        "seconds until all had ended": f"{seconds:.0f}",
        "wrong, twice or left behind": str(problems),
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in lines.items())])


def _count(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))


if __name__ == "__main__":
    sys.exit(main())

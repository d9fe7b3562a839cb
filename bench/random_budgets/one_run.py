"""One run of the bench of random budgets, attempt after attempt.

Owns how a plan is carried out. Must not judge.
"""

import pathlib
import tempfile
import time
from typing import Final

from bench.random_budgets.meter_looks import Excess
from bench.random_budgets.slow_machine import Killed, SlowMachine, slowed
from bench.random_budgets.verdicts import TRAIN_IMAGES, Plan, Run
from darkroom_api import conditions, report, run_config
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting
from tests.support.learning import write_squares

TEST_IMAGES: Final = 20


def write_data(root: pathlib.Path) -> None:
    """Write the coloured squares of all plans."""
    for boxed in (False, True):
        for count in TRAIN_IMAGES:
            write_squares(root / f"train-{count}-{int(boxed)}", count, boxed=boxed)
        write_squares(root / f"test-{int(boxed)}", TEST_IMAGES, boxed=boxed, seed=1)


def run_plan(plan: Plan, root: pathlib.Path) -> Run:
    """Train until the run has ended, attempt after attempt."""
    began, excess = time.monotonic(), Excess()
    with tempfile.TemporaryDirectory(dir=root) as folder:
        work = pathlib.Path(folder)
        for attempt in range(1, len(plan.interruptions) + 2):
            outcome = _attempt(plan, attempt, root, work, excess)
            if outcome is not None and outcome.reason is not conditions.Reason.RETRYING_AFTER_DISRUPTION:
                break
    assert outcome is not None, "the last attempt is not interrupted"
    return Run(
        plan=plan,
        reason=outcome.reason,
        message=outcome.message,
        charged_seconds=outcome.meter.charged_seconds,
        excess_seconds=excess.seconds,
        seen_by=excess.first_seen_by or excess.seen_by,
        trail=tuple(excess.trail),
        attempts=attempt,
        stop_reason=outcome.stop_reason.value if outcome.stop_reason else "",
        real_seconds=time.monotonic() - began,
    )


def _attempt(plan: Plan, attempt: int, root: pathlib.Path, work: pathlib.Path, excess: Excess) -> report.Outcome | None:
    """Return how an attempt ended; None where it was killed."""
    interruption = plan.interruptions[attempt - 1] if attempt <= len(plan.interruptions) else None
    machine = SlowMachine(plan.number * 10 + attempt, plan.step_seconds, interruption)
    config = build_config(plan, attempt, root, work)
    with slowed(machine, plan.budget_seconds, excess):
        try:
            meter = engine.open_meter(config, clock=machine)
            return engine.execute(config, work / f"scratch-{attempt}", reporting.SilentReporter(), machine.stop, meter)
        except Killed:
            return None


def build_config(plan: Plan, attempt: int, root: pathlib.Path, work: pathlib.Path) -> run_config.RunConfig:
    """Return the config of an attempt."""
    boxed = int(plan.is_boxed)
    names = [f"train-{plan.images}-{boxed}", *([f"test-{boxed}"] if plan.has_evaluation else [])]
    storage = run_config.StorageAccess(reach=OWN_MACHINE)
    sources = [
        run_config.DatasetSource(
            name=name,
            annotation_kind=plan.annotation_kind,
            annotation_files=((root / name / "annotations.json").as_uri(),),
            storage=storage,
        )
        for name in names
    ]
    return run_config.RunConfig(
        command=run_config.Command.TRAIN,
        resource=run_config.ResourceReference(kind="Model", namespace="bench", name="squares", uid=str(plan.number)),
        attempt=attempt,
        dataset=sources[0],
        evaluation_dataset=sources[1] if plan.has_evaluation else None,
        task=plan.task,
        budget_seconds=plan.budget_seconds,
        milli_rate=plan.milli_rate,
        seed=plan.seed,
        output=run_config.Location(uri=(work / "model").as_uri(), storage=storage),
    )

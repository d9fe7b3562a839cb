"""What a resource's status says during a run on this machine: the same words and fields as on a cluster.

Owns the transitions. Pure; the clock is an argument. Must not do: run or write anything.
"""

from datetime import datetime
from typing import Final

from darkroom_api import names
from darkroom_api.blockers import Blocker
from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.endings import ENDINGS
from darkroom_api.report import Outcome
from darkroom_api.results import (
    EVALUATING,
    INSPECTING,
    PREDICTING,
    TRAINING,
    AnyStatus,
    RunStatusT,
    charge,
    describe_dataset,
    describe_run,
    finish_dataset,
    finish_run,
)
from darkroom_api.run_config import RunConfig
from darkroom_api.v1alpha1.common import Attempt
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionStatus
from darkroom_api.v1alpha1.run_status import ProgressStatus

MAX_ATTEMPTS: Final = 10
"""As many are listed."""


def cancel(status: ModelStatus, now: datetime) -> ModelStatus:
    """Return the status of a Model whose spec says `cancel`."""
    message = "`spec.cancel` ended the run before it started."
    ended = describe_run(status, RunPhase.CANCELLED, Reason.CANCELLED, message, status.observed_generation, now)
    return ended.model_copy(update={"completed_at": now})


def block(status: RunStatusT, blocker: Blocker, now: datetime) -> RunStatusT:
    """Return the status of a run that cannot start."""
    phase = RunPhase.FAILED if blocker.final else RunPhase.QUEUED
    blocked = describe_run(status, phase, blocker.reason, blocker.message, status.observed_generation, now)
    return blocked.model_copy(update={"completed_at": now}) if blocker.final else blocked


def begin(status: AnyStatus, config: RunConfig, node: str, now: datetime) -> AnyStatus:
    """Return the status of a resource whose run, or the next attempt at it, starts now."""
    attempt = Attempt(
        number=config.attempt,
        job=names.child_name(config.resource.name, config.resource.uid, config.attempt),
        node=node,
        started_at=now.isoformat().replace("+00:00", "Z"),  # in full: `serving.waiting` compares it
        publish_only=config.publish_only or None,
    )
    if not isinstance(status, DatasetStatus):
        attempt = attempt.model_copy(update={"devices": 1, "milli_rate": 1000})
    opened = status.model_copy(update={"attempts": (*status.attempts, attempt)[-MAX_ATTEMPTS:]})
    generation = status.observed_generation
    if isinstance(opened, DatasetStatus):
        return describe_dataset(opened, INSPECTING.phase, INSPECTING.reason, INSPECTING.message, generation, now)
    opened = opened.model_copy(update={"started_at": opened.started_at or now})
    work = {ModelStatus: TRAINING, PredictionStatus: PREDICTING}.get(type(opened), EVALUATING)
    return describe_run(opened, work.phase, work.reason, work.message, generation, now)


def progress(status: AnyStatus, shown: ProgressStatus, charged_seconds: float | None) -> AnyStatus:
    """Return the status with the newest progress; a Dataset's has no room for one."""
    if isinstance(status, DatasetStatus):
        return status
    update: dict[str, object] = {"progress": shown}
    if isinstance(status, ModelStatus) and status.budget is not None and charged_seconds is not None:
        update["budget"] = charge(status.budget, charged_seconds)
    return status.model_copy(update=update)


def finish(status: AnyStatus, outcome: Outcome, allocated_seconds: float, now: datetime) -> AnyStatus:
    """Return the status of a resource whose open attempt ended with `outcome`."""
    attempt = _close_attempt(status.attempts[-1], outcome, allocated_seconds, now)
    closed = status.model_copy(update={"attempts": (*status.attempts[:-1], attempt)})
    if isinstance(closed, DatasetStatus):
        return finish_dataset(closed, outcome, status.observed_generation, now)
    if isinstance(closed, ModelStatus) and closed.budget is not None:
        allocated = round(closed.budget.allocated_seconds + allocated_seconds, 1)
        closed = closed.model_copy(update={"budget": closed.budget.model_copy(update={"allocated_seconds": allocated})})
    return finish_run(closed, outcome, status.observed_generation, now)


def _close_attempt(attempt: Attempt, outcome: Outcome, allocated_seconds: float, now: datetime) -> Attempt:
    return attempt.model_copy(
        update={
            "finished_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "exit_code": int(outcome.exit_code),
            "outcome": outcome.reason,
            "free": ENDINGS[outcome.reason].free,
            "charged_seconds": round(outcome.meter.charged_seconds, 1),
            "allocated_seconds": round(allocated_seconds, 1),
        }
    )


def interrupt(
    status: AnyStatus, message: str, now: datetime, reason: Reason = Reason.RETRYING_AFTER_DISRUPTION
) -> AnyStatus:
    """Return the status of a resource whose run was interrupted; `message` says how it goes on."""
    generation = status.observed_generation
    if isinstance(status, DatasetStatus):
        return describe_dataset(status, DatasetPhase.PENDING, reason, message, generation, now)
    return describe_run(status, RunPhase.QUEUED, reason, message, generation, now)


def abandon(status: AnyStatus, message: str, now: datetime, *, killed: bool) -> AnyStatus:
    """Return the status of a resource whose process ends without an outcome: its attempt is closed, another follows.

    `killed`: by something else than the one who asked it to stop.
    """
    outcome = Reason.UNKNOWN if killed else Reason.RETRYING_AFTER_DISRUPTION
    reason = Reason.RETRYING_AFTER_FAILURE if killed else Reason.RETRYING_AFTER_DISRUPTION
    finished_at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    attempt = status.attempts[-1].model_copy(update={"finished_at": finished_at, "outcome": outcome})
    closed = status.model_copy(update={"attempts": (*status.attempts[:-1], attempt)})
    return interrupt(closed, message, now, reason)


def give_up(status: AnyStatus, message: str, now: datetime, *, cancelled: bool = False) -> AnyStatus:
    """Return the status of a resource that no further attempt follows."""
    generation = status.observed_generation
    if isinstance(status, DatasetStatus):
        return describe_dataset(status, DatasetPhase.INVALID, Reason.UNKNOWN, message, generation, now)
    ended = status.model_copy(update={"completed_at": now, "progress": None})
    if isinstance(ended, ModelStatus) and cancelled:
        return describe_run(ended, RunPhase.CANCELLED, Reason.CANCELLED, message, generation, now)
    return describe_run(ended, RunPhase.FAILED, Reason.UNKNOWN, message, generation, now)


def is_done_well(status: AnyStatus) -> bool:
    """Return whether the resource ended as its user wanted."""
    return status.phase in (DatasetPhase.READY, RunPhase.SUCCEEDED)


def keep_meters(status: AnyStatus, finished: AnyStatus) -> AnyStatus:
    """Return `status` with the attempt and the meters of `finished`: an interrupted run has not ended, but it cost."""
    update: dict[str, object] = {"attempts": finished.attempts}
    if isinstance(finished, ModelStatus):
        update["budget"] = finished.budget
    return status.model_copy(update=update)

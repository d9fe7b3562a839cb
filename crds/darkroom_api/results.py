"""How a state becomes a status: the same words and conditions on a cluster and in `darkroom run`.

Owns the conditions that go with each phase and what an Outcome adds to a status. Pure; the clock is an argument.
Must not know Jobs or pods: which phase a resource is in is decided elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from darkroom_api.conditions import (
    Condition,
    ConditionStatus,
    ConditionType,
    DatasetPhase,
    Reason,
    RunPhase,
    set_conditions,
)
from darkroom_api.durations import parse_duration
from darkroom_api.endings import ENDINGS
from darkroom_api.redaction import redact
from darkroom_api.report import Outcome
from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import BudgetStatus, ModelSpec, ModelStatus

RunStatus = TypeVar("RunStatus", ModelStatus, EvaluationStatus)
AnyStatus = TypeVar("AnyStatus", DatasetStatus, ModelStatus, EvaluationStatus)
PhaseT = TypeVar("PhaseT", DatasetPhase, RunPhase)

_TRUE, _FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE

_RUN_CONDITIONS: Final[dict[RunPhase, dict[ConditionType, ConditionStatus]]] = {
    RunPhase.QUEUED: {ConditionType.RUNNING: _FALSE, ConditionType.STALLED: _FALSE},
    RunPhase.TRAINING: {ConditionType.RUNNING: _TRUE, ConditionType.STALLED: _FALSE},
    RunPhase.EVALUATING: {ConditionType.RUNNING: _TRUE, ConditionType.STALLED: _FALSE},
    RunPhase.SUCCEEDED: {
        ConditionType.RUNNING: _FALSE,
        ConditionType.SUCCEEDED: _TRUE,
        ConditionType.STALLED: _FALSE,
    },
    RunPhase.FAILED: {ConditionType.RUNNING: _FALSE, ConditionType.SUCCEEDED: _FALSE, ConditionType.STALLED: _TRUE},
    RunPhase.CANCELLED: {
        ConditionType.RUNNING: _FALSE,
        ConditionType.SUCCEEDED: _FALSE,
        ConditionType.STALLED: _FALSE,
    },
}
"""No `Succeeded` condition before the end: kstatus counts a working Model as current, and Helm and Flux continue."""

_DATASET_CONDITIONS: Final[dict[DatasetPhase, dict[ConditionType, ConditionStatus]]] = {
    DatasetPhase.PENDING: {ConditionType.READY: _FALSE, ConditionType.STALLED: _FALSE},
    DatasetPhase.INSPECTING: {ConditionType.READY: _FALSE, ConditionType.STALLED: _FALSE},
    DatasetPhase.READY: {ConditionType.READY: _TRUE, ConditionType.STALLED: _FALSE},
    DatasetPhase.INVALID: {ConditionType.READY: _FALSE, ConditionType.STALLED: _TRUE},
}
"""An inspection is short, so a Dataset does say `Ready=False` while it lasts."""


@dataclass(frozen=True)
class Work(Generic[PhaseT]):
    """What a status says while a container works on the resource."""

    phase: PhaseT
    reason: Reason
    message: str


INSPECTING: Final = Work(
    DatasetPhase.INSPECTING, Reason.INSPECTING, "The images and annotations are being read and checked."
)
TRAINING: Final = Work(RunPhase.TRAINING, Reason.TRAINING, "The trainer is running.")
EVALUATING: Final = Work(RunPhase.EVALUATING, Reason.EVALUATING, "The model is being measured.")


def start_status(spec: Spec, generation: int, now: datetime) -> DatasetStatus | ModelStatus | EvaluationStatus:
    """Return the status of a resource of one machine that waits for its turn."""
    reason, message = Reason.SCHEDULING, "Waiting for its turn."
    if isinstance(spec, DatasetSpec):
        return describe_dataset(DatasetStatus(), DatasetPhase.PENDING, reason, message, generation, now)
    if isinstance(spec, ModelSpec):
        total = float(parse_duration(spec.budget))
        budget = BudgetStatus(total_seconds=total, remaining_seconds=total)
        fresh = ModelStatus(queued_at=now, budget=budget)
        return describe_run(fresh, RunPhase.QUEUED, reason, message, generation, now)
    return describe_run(EvaluationStatus(queued_at=now), RunPhase.QUEUED, reason, message, generation, now)


def is_stopped_by_user(status: ModelStatus | EvaluationStatus) -> bool:
    """Return whether the status says that its user stops the run."""
    return status.reason is not None and ENDINGS[status.reason].wish


def describe_run(
    status: RunStatus, phase: RunPhase, reason: Reason, message: str, generation: int, now: datetime
) -> RunStatus:
    """Return `status` in `phase`, with its conditions, reason and message."""
    return _describe(status, phase, _RUN_CONDITIONS[phase], reason, message, generation, now)


def describe_dataset(
    status: DatasetStatus, phase: DatasetPhase, reason: Reason, message: str, generation: int, now: datetime
) -> DatasetStatus:
    """Return `status` in `phase`, with its conditions, reason and message."""
    return _describe(status, phase, _DATASET_CONDITIONS[phase], reason, message, generation, now)


def finish_dataset(status: DatasetStatus, outcome: Outcome, generation: int, now: datetime) -> DatasetStatus:
    """Return the status of a Dataset whose inspection ended with `outcome`."""
    found = status.model_copy(update={"summary": outcome.summary})
    if outcome.succeeded:
        return describe_dataset(found, DatasetPhase.READY, Reason.READY, outcome.message, generation, now)
    return describe_dataset(found, DatasetPhase.INVALID, outcome.reason, outcome.message, generation, now)


def finish_run(status: RunStatus, outcome: Outcome, generation: int, now: datetime) -> RunStatus:
    """Return the status of a Model or an Evaluation whose last attempt ended with `outcome`.

    A failed run keeps what it has to show: artifacts of an unfinished model stay in the status.
    """
    update: dict[str, object] = {"completed_at": now, "progress": None}
    for field in ("performance", "artifacts", "dataset_revision", "report"):
        if getattr(outcome, field) is not None:
            update[field] = getattr(outcome, field)
    if isinstance(status, EvaluationStatus):
        update["model_digest"] = outcome.model_digest
    else:
        update["stop_reason"] = outcome.stop_reason
    if isinstance(status, ModelStatus) and status.budget is not None:
        update["budget"] = charge(status.budget, outcome.meter.charged_seconds)
    phase = ENDINGS[outcome.reason].phase
    return describe_run(status.model_copy(update=update), phase, outcome.reason, outcome.message, generation, now)


def charge(budget: BudgetStatus, charged_seconds: float) -> BudgetStatus:
    """Return `budget` with `charged_seconds` charged; a charge never shrinks and never passes the total."""
    charged = round(min(max(charged_seconds, budget.charged_seconds), budget.total_seconds), 1)
    remaining = round(budget.total_seconds - charged, 1)
    return budget.model_copy(update={"charged_seconds": charged, "remaining_seconds": remaining})


def refund(status: RunStatus) -> RunStatus:
    """Return the status of a run that is charged nothing, whatever it was charged so far."""
    if not isinstance(status, ModelStatus) or status.budget is None:
        return status
    update = {"charged_seconds": 0.0, "remaining_seconds": status.budget.total_seconds}
    return status.model_copy(update={"budget": status.budget.model_copy(update=update)})


def _describe(
    status: AnyStatus,
    phase: RunPhase | DatasetPhase,
    wanted: dict[ConditionType, ConditionStatus],
    reason: Reason,
    message: str,
    generation: int,
    now: datetime,
) -> AnyStatus:
    # The words may be the API server's, a node's, or the last lines of a container's log.
    message = redact(message)
    return status.model_copy(
        update={
            "observed_generation": generation,
            "phase": phase,
            "reason": reason,
            "message": message[:2048],
            "conditions": _set_all(status.conditions, wanted, reason, message, generation, now),
        }
    )


def _set_all(
    conditions: tuple[Condition, ...],
    wanted: dict[ConditionType, ConditionStatus],
    reason: Reason,
    message: str,
    generation: int,
    now: datetime,
) -> tuple[Condition, ...]:
    accepted = _TRUE if ENDINGS[reason].accepted else _FALSE
    return set_conditions(conditions, {ConditionType.ACCEPTED: accepted, **wanted}, reason, message, generation, now)

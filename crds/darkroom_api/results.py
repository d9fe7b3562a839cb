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
from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus
from darkroom_api.v1alpha1.run_status import RunStatus

AnyStatus = DatasetStatus | RunStatus
RunStatusT = TypeVar("RunStatusT", bound=RunStatus)
PhaseT = TypeVar("PhaseT", DatasetPhase, RunPhase)

_TRUE, _FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE

_RUN_CONDITIONS: Final[dict[RunPhase, dict[ConditionType, ConditionStatus]]] = {
    RunPhase.QUEUED: {ConditionType.RUNNING: _FALSE, ConditionType.STALLED: _FALSE},
    RunPhase.TRAINING: {ConditionType.RUNNING: _TRUE, ConditionType.STALLED: _FALSE},
    RunPhase.EVALUATING: {ConditionType.RUNNING: _TRUE, ConditionType.STALLED: _FALSE},
    RunPhase.PREDICTING: {ConditionType.RUNNING: _TRUE, ConditionType.STALLED: _FALSE},
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


_TOLD_BY_OUTCOMES: Final = frozenset(
    {"performance", "artifacts", "dataset_revision", "report", "stop_reason", "model_digest"}
)
"""What a run's status repeats from its Outcome, where its kind has the field."""


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
PREDICTING: Final = Work(RunPhase.PREDICTING, Reason.PREDICTING, "The model is answering the images.")


def start_status(spec: Spec, generation: int, now: datetime) -> AnyStatus:
    """Return the status of a resource of one machine that waits for its turn."""
    reason, message = Reason.SCHEDULING, "Waiting for its turn."
    if isinstance(spec, DatasetSpec):
        return describe_dataset(DatasetStatus(), DatasetPhase.PENDING, reason, message, generation, now)
    if isinstance(spec, ModelSpec):
        total = float(parse_duration(spec.budget))
        budget = BudgetStatus(total_seconds=total, remaining_seconds=total)
        fresh = ModelStatus(queued_at=now, budget=budget)
        return describe_run(fresh, RunPhase.QUEUED, reason, message, generation, now)
    fresh_run = PredictionStatus if isinstance(spec, PredictionSpec) else EvaluationStatus
    return describe_run(fresh_run(queued_at=now), RunPhase.QUEUED, reason, message, generation, now)


def is_stopped_by_user(status: RunStatus) -> bool:
    """Return whether the status says that its user stops the run."""
    return status.reason is not None and ENDINGS[status.reason].wish


def describe_run(
    status: RunStatusT, phase: RunPhase, reason: Reason, message: str, generation: int, now: datetime
) -> RunStatusT:
    """Return `status` in `phase`, with its conditions, reason and message."""
    wanted = _RUN_CONDITIONS[phase]
    return status.model_copy(update=_describe(status.conditions, phase, wanted, reason, message, generation, now))


def describe_dataset(
    status: DatasetStatus, phase: DatasetPhase, reason: Reason, message: str, generation: int, now: datetime
) -> DatasetStatus:
    """Return `status` in `phase`, with its conditions, reason and message."""
    wanted = _DATASET_CONDITIONS[phase]
    return status.model_copy(update=_describe(status.conditions, phase, wanted, reason, message, generation, now))


def finish_dataset(status: DatasetStatus, outcome: Outcome, generation: int, now: datetime) -> DatasetStatus:
    """Return the status of a Dataset whose inspection ended with `outcome`."""
    found = status.model_copy(update={"summary": outcome.summary})
    if outcome.succeeded:
        return describe_dataset(found, DatasetPhase.READY, Reason.READY, outcome.message, generation, now)
    return describe_dataset(found, DatasetPhase.INVALID, outcome.reason, outcome.message, generation, now)


def finish_run(status: RunStatusT, outcome: Outcome, generation: int, now: datetime) -> RunStatusT:
    """Return the status of a run whose last attempt ended with `outcome`.

    A failed run keeps what it has to show: artifacts of an unfinished model stay in the status.
    """
    update: dict[str, object] = {"completed_at": now, "progress": None}
    for field in _TOLD_BY_OUTCOMES & type(status).model_fields.keys():
        if getattr(outcome, field) is not None:
            update[field] = getattr(outcome, field)
    if isinstance(status, PredictionStatus):
        update["summary"] = outcome.prediction
    if isinstance(status, ModelStatus) and status.budget is not None:
        update["budget"] = charge(status.budget, outcome.meter.charged_seconds)
    phase = ENDINGS[outcome.reason].phase
    return describe_run(status.model_copy(update=update), phase, outcome.reason, outcome.message, generation, now)


def charge(budget: BudgetStatus, charged_seconds: float) -> BudgetStatus:
    """Return `budget` with `charged_seconds` charged; a charge never shrinks and never passes the total."""
    charged = round(min(max(charged_seconds, budget.charged_seconds), budget.total_seconds), 1)
    remaining = round(budget.total_seconds - charged, 1)
    return budget.model_copy(update={"charged_seconds": charged, "remaining_seconds": remaining})


def refund(status: RunStatusT) -> RunStatusT:
    """Return the status of a run that is charged nothing, whatever it was charged so far."""
    if not isinstance(status, ModelStatus) or status.budget is None:
        return status
    update = {"charged_seconds": 0.0, "remaining_seconds": status.budget.total_seconds}
    return status.model_copy(update={"budget": status.budget.model_copy(update=update)})


def _describe(
    conditions: tuple[Condition, ...],
    phase: RunPhase | DatasetPhase,
    wanted: dict[ConditionType, ConditionStatus],
    reason: Reason,
    message: str,
    generation: int,
    now: datetime,
) -> dict[str, object]:
    # The words may be the API server's, a node's, or the last lines of a container's log.
    message = redact(message)
    wanted = {ConditionType.ACCEPTED: _TRUE if ENDINGS[reason].accepted else _FALSE, **wanted}
    return {
        "observed_generation": generation,
        "phase": phase,
        "reason": reason,
        "message": message[:2048],
        "conditions": set_conditions(conditions, wanted, reason, message, generation, now),
    }

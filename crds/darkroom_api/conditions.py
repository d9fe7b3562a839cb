"""Condition types, phases and reasons, and how a condition list changes.

Owns the words that a user reads in status. What each reason means, and what follows from it, is in `endings`.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from darkroom_api.schema import Record, Timestamp, Whole, Word


class ConditionType(StrEnum):
    """Conditions follow kstatus: nothing says `Ready=False` while a Model works, failure sets `Stalled`."""

    ACCEPTED = "Accepted"
    READY = "Ready"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    STALLED = "Stalled"
    QUEUE_AVAILABLE = "QueueAvailable"
    """Only where the spec or the installation names a queue: whether one of that name can admit the run."""


class ConditionStatus(Word):
    """The three values of a Kubernetes condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class DatasetPhase(Word):
    """Where a Dataset is: Pending -> Inspecting -> Ready or Invalid."""

    PENDING = "Pending"
    INSPECTING = "Inspecting"
    READY = "Ready"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"
    """Only read: a phase that another version wrote."""


class RunPhase(Word):
    """Where a run is: Queued -> Training, Evaluating or Predicting -> an end that stays."""

    QUEUED = "Queued"
    TRAINING = "Training"
    EVALUATING = "Evaluating"
    PREDICTING = "Predicting"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    UNKNOWN = "Unknown"
    """Only read: a phase that another version wrote."""


TERMINAL_PHASES: Final = frozenset({RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED})


class Reason(Word):
    """Why a resource is in its phase. The set is closed, so that it can label metrics."""

    WAITING_FOR_DATASET = "WaitingForDataset"
    WAITING_FOR_MODEL = "WaitingForModel"
    WAITING_FOR_QUOTA = "WaitingForQuota"
    QUEUE_UNAVAILABLE = "QueueUnavailable"
    SCHEDULING = "Scheduling"
    UNSCHEDULABLE = "Unschedulable"
    PULLING_IMAGE = "PullingImage"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    STARTING = "Starting"
    WAITING_FOR_NODES = "WaitingForNodes"
    SUSPENDED = "Suspended"
    RETRYING_AFTER_DISRUPTION = "RetryingAfterDisruption"
    RETRYING_AFTER_FAILURE = "RetryingAfterFailure"
    STORAGE_UNAVAILABLE = "StorageUnavailable"
    INVALID_CONFIGURATION = "InvalidConfiguration"
    NOT_ALLOWED = "NotAllowed"
    NAME_CONFLICT = "NameConflict"
    INSPECTING = "Inspecting"
    TRAINING = "Training"
    EVALUATING = "Evaluating"
    PREDICTING = "Predicting"
    READY = "Ready"
    SUCCEEDED = "Succeeded"
    CANCELLED = "Cancelled"
    START_TIMEOUT = "StartTimeout"
    OUT_OF_MEMORY = "OutOfMemory"
    TRAINING_DIVERGED = "TrainingDiverged"
    BUDGET_NOT_ENOUGH = "BudgetNotEnough"
    DATASET_CORRUPT = "DatasetCorrupt"
    DATASET_NOT_FOUND = "DatasetNotFound"
    INCORRECT_MODEL_KIND = "IncorrectModelKind"
    UNKNOWN = "Unknown"


class Condition(Record):
    """A Kubernetes condition."""

    type: Annotated[str, Field(max_length=64)] = Field(description="What the condition is about.")
    status: ConditionStatus = Field(description="Whether it holds.")
    reason: Annotated[str, Field(max_length=64)] = Field(description="Why, as one word.")
    message: Annotated[str, Field(max_length=2048)] = Field(description="Why, as a sentence.")
    observed_generation: Whole = Field(description="The generation of the spec that this was observed for.")
    last_transition_time: Timestamp = Field(description="When `status` last changed.")


def set_conditions(
    conditions: tuple[Condition, ...],
    wanted: Mapping[ConditionType, ConditionStatus],
    reason: Reason,
    message: str,
    generation: int,
    now: datetime,
) -> tuple[Condition, ...]:
    """Return `conditions` with some set; `last_transition_time` moves only where the condition's status does.

    Their order is that of ConditionType, whichever was set first; unknown ones come last, by name.
    """
    conditions_by_type = {condition.type: condition for condition in conditions}
    said = (reason, message[:2048], generation)
    for kind, status in wanted.items():
        old = conditions_by_type.get(kind)
        same = old is not None and old.status is status
        if old is not None and same and (old.reason, old.message, old.observed_generation) == said:
            continue
        conditions_by_type[str(kind)] = Condition(
            type=kind,
            status=status,
            reason=reason,
            message=message[:2048],
            observed_generation=generation,
            last_transition_time=old.last_transition_time if old is not None and same else now,
        )
    order = {kind.value: index for index, kind in enumerate(ConditionType)}
    return tuple(sorted(conditions_by_type.values(), key=lambda found: (order.get(found.type, len(order)), found.type)))

"""Condition types, phases and reasons, each with its meaning, and how a condition list changes.

Owns the words that a user reads in status. The reference page of reasons is generated from `REASON_MEANINGS`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from darkroom_api.schema import Object, Timestamp


class ConditionType(StrEnum):
    """Conditions follow kstatus: nothing says `Ready=False` while a Model works, failure sets `Stalled`."""

    ACCEPTED = "Accepted"
    READY = "Ready"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    STALLED = "Stalled"
    QUEUE_AVAILABLE = "QueueAvailable"
    """Only where `spec.queue` is set: whether a queue of that name can admit the run."""


class ConditionStatus(StrEnum):
    """The three values of a Kubernetes condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class DatasetPhase(StrEnum):
    """Where a Dataset is: Pending -> Inspecting -> Ready or Invalid."""

    PENDING = "Pending"
    INSPECTING = "Inspecting"
    READY = "Ready"
    INVALID = "Invalid"


class RunPhase(StrEnum):
    """Where a Model or an Evaluation is: Queued -> Training or Evaluating -> an end that stays."""

    QUEUED = "Queued"
    TRAINING = "Training"
    EVALUATING = "Evaluating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


TERMINAL_PHASES: Final = frozenset({RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED})


class Reason(StrEnum):
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
    SUSPENDED = "Suspended"
    RETRYING_AFTER_DISRUPTION = "RetryingAfterDisruption"
    RETRYING_AFTER_FAILURE = "RetryingAfterFailure"
    STORAGE_UNAVAILABLE = "StorageUnavailable"
    INVALID_CONFIGURATION = "InvalidConfiguration"
    NAME_CONFLICT = "NameConflict"
    INSPECTING = "Inspecting"
    TRAINING = "Training"
    EVALUATING = "Evaluating"
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


REASON_MEANINGS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.WAITING_FOR_DATASET: (
        "A Dataset that this resource names does not exist yet or is still being inspected.",
        "Apply the Dataset, or look at its status.",
    ),
    Reason.WAITING_FOR_MODEL: (
        "The Model that this Evaluation names does not exist yet or has not succeeded yet.",
        "Apply the Model, or wait for it.",
    ),
    Reason.WAITING_FOR_QUOTA: (
        "A queue has not admitted the run yet, or the namespace's quota is used up; the message says which.",
        "Look at that quota.",
    ),
    Reason.QUEUE_UNAVAILABLE: (
        "`spec.queue` names what cannot admit the run: there is no Kueue here (the run is then placed as if it had no "
        "queue), or no LocalQueue of that name, or an inactive one; the message says which.",
        "Install Kueue, create or mend the LocalQueue, or change `spec.queue`.",
    ),
    Reason.SCHEDULING: ("The run's pod is being created and placed.", "Wait; this takes seconds."),
    Reason.UNSCHEDULABLE: (
        "No node can take the pod now; the message holds the scheduler's own words.",
        "Free or add a node of the compute class, or choose another class.",
    ),
    Reason.PULLING_IMAGE: ("The node is fetching the trainer image.", "Wait; it costs no budget."),
    Reason.IMAGE_PULL_FAILED: (
        "The node cannot fetch the trainer image.",
        "Mend `trainer.image` or the pull secret in the Helm values; the run goes on by itself.",
    ),
    Reason.STARTING: ("The pod is on its node and its container is being created.", "Wait; it costs no budget."),
    Reason.SUSPENDED: ("`spec.suspend` is true.", "Set `spec.suspend` to false to go on."),
    Reason.RETRYING_AFTER_DISRUPTION: (
        "The infrastructure ended the last attempt (eviction, preemption, lost node, deleted pod).",
        "Nothing: the run starts again after a pause, and what was lost is not charged.",
    ),
    Reason.RETRYING_AFTER_FAILURE: (
        "The trainer crashed or was killed; another attempt follows after a pause.",
        "Read the message for the exit code and the last log lines.",
    ),
    Reason.STORAGE_UNAVAILABLE: (
        "A bucket or URL does not answer or refuses the credentials; the message says which.",
        "Mend the endpoint, the bucket or the Secret; attempts go on with growing pauses, then end in DatasetCorrupt.",
    ),
    Reason.INVALID_CONFIGURATION: (
        "The spec names something this installation does not have or does not allow; the message names the field.",
        "Mend the field, or ask the administrator to add the class or to allow the name; the run goes on by itself.",
    ),
    Reason.NAME_CONFLICT: (
        "An object with the name of this resource's child exists and belongs to something else.",
        "Delete or rename the object that the message names.",
    ),
    Reason.INSPECTING: ("The images and annotations are being read and checked.", "Wait."),
    Reason.TRAINING: ("The trainer works; `progress` says how far.", "Wait; the budget bounds it."),
    Reason.EVALUATING: ("The model is being measured on the Dataset.", "Wait."),
    Reason.READY: ("The Dataset was read and every check passed.", "Train on it."),
    Reason.SUCCEEDED: ("The run ended with a result.", "Use it."),
    Reason.CANCELLED: (
        "`spec.cancel` ended the run; the message says whether the best model so far was kept.",
        "Nothing.",
    ),
    Reason.START_TIMEOUT: (
        "No container started within the installation's start timeout; the message says what it waited for.",
        "Mend what the message names and create the resource again, or raise `startTimeoutSeconds` (0 waits for ever).",
    ),
    Reason.OUT_OF_MEMORY: (
        "The trainer ran out of memory twice, the second time with half the batch; the message says how much to give.",
        "Use a compute class with that much memory, or ask the administrator to raise the class's `memory`.",
    ),
    Reason.TRAINING_DIVERGED: (
        "The loss became non-finite, or the model is no better than guessing.",
        "Look at the suspects in the message: wrong labels, too few images, too low a resolution.",
    ),
    Reason.BUDGET_NOT_ENOUGH: (
        "The budget cannot hold one useful training; the message gives the minimum and a suggestion.",
        "Create the Model again with at least the minimum budget.",
    ),
    Reason.DATASET_CORRUPT: (
        "An annotation file or an image cannot be used; the message names the file and the id.",
        "Mend the file; a changed Dataset spec is inspected again.",
    ),
    Reason.DATASET_NOT_FOUND: ("An annotation file does not exist at its URI.", "Mend `spec.annotationFiles`."),
    Reason.INCORRECT_MODEL_KIND: (
        "The Model's task does not fit the Dataset's `annotationKind`.",
        "Use a Dataset of the kind that the message names.",
    ),
    Reason.UNKNOWN: (
        "The run ended in a way that nothing else describes.",
        "Read the exit code and the last log lines in the message; report it if they show a defect of Darkroom.",
    ),
}
"""For each reason: what it means, and what to do."""


class Condition(Object):
    """A Kubernetes condition."""

    type: Annotated[str, Field(max_length=64)] = Field(description="What the condition is about.")
    status: ConditionStatus = Field(description="Whether it holds.")
    reason: Annotated[str, Field(max_length=64)] = Field(description="Why, as one word.")
    message: Annotated[str, Field(max_length=2048)] = Field(description="Why, as a sentence.")
    observed_generation: int = Field(description="The generation of the spec that this was observed for.")
    last_transition_time: Timestamp = Field(description="When `status` last changed.")


def set_condition(
    conditions: tuple[Condition, ...],
    kind: ConditionType,
    status: ConditionStatus,
    reason: Reason,
    message: str,
    generation: int,
    now: datetime,
) -> tuple[Condition, ...]:
    """Return `conditions` with one set; `last_transition_time` moves only when the condition's status does."""
    old = next((condition for condition in conditions if condition.type == kind), None)
    since = old.last_transition_time if old is not None and old.status is status else now
    new = Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message[:2048],
        observed_generation=generation,
        last_transition_time=since,
    )
    if old is None:
        return (*conditions, new)
    return tuple(new if condition is old else condition for condition in conditions)

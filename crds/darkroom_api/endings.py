"""The one table of reasons: what each means to a user, and what follows where an attempt or a run ends with it.

Owns the exit codes, which ends are free, which are tried again and within which cap, and what a status says meanwhile.
Every other module looks up its row here and keeps no table of reasons of its own. Must not know Jobs, pods or trainers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import StopReason


class ExitCode(IntEnum):
    """How a trainer process ends; part of the contract. Numbers follow sysexits.h where it has one."""

    SUCCEEDED = 0
    BAD_CONFIG = 64
    DATASET_CORRUPT = 65
    DATASET_NOT_FOUND = 66
    INTERNAL_ERROR = 70
    TEMPORARY_FAILURE = 75
    BUDGET_NOT_ENOUGH = 76
    TRAINING_DIVERGED = 77
    INCORRECT_MODEL_KIND = 78
    OUT_OF_MEMORY = 79
    NOT_ALLOWED = 80
    NODES_MISSING = 81
    STOPPED = 143


class Cause(StrEnum):
    """Who or what brings a reason about, and so who can change it."""

    NOBODY = "-"
    """Nothing is wrong."""
    USER = "the user's wish"
    INPUT = "the user's data or spec"
    CONFIGURATION = "the spec or the installation"
    INFRASTRUCTURE = "the infrastructure"
    TRAINER = "the trainer or its memory"


class Then(StrEnum):
    """What follows an attempt that ended with a reason."""

    NO_ATTEMPT = "-"
    """No attempt ends with it: it describes a run that waits, works or is over."""
    RETRY = "another attempt"
    """After a pause, within the row's cap."""
    RESUME = "another attempt on resume"
    """As soon as its user wishes, without pause or cap."""
    END = "the run ends"


class RetryCap(StrEnum):
    """What bounds the attempts that follow one another for a reason; the values are fields of the installation."""

    DISRUPTIONS = "retries.disruptions"
    """Counted over the whole run."""
    FAILURES = "retries.failures"
    """Counted over the whole run."""
    MEMORY = "once, with half the batch"
    """And not at all where `retries.failures` is 0."""
    STORAGE = "retries.storage"
    """Counted in a row, for as long as none of them keeps new work."""
    START_TIMEOUT = "startTimeoutSeconds"
    """Any number of them, for as long as a run may wait for its container, or for the nodes beside it."""


@dataclass(frozen=True)
class Ending:
    """What a reason means, and what follows from it."""

    meaning: str
    action: str
    cause: Cause = Cause.NOBODY
    exit_code: ExitCode | None = None
    """What a trainer process that reports this reason ends with; None where no trainer may report it."""
    then: Then = Then.NO_ATTEMPT
    cap: RetryCap | None = None
    free: bool = False
    """Whether the attempt is marked as free: something else than the run itself ended it."""
    charges_kept_only: bool = False
    """Whether the trainer charges only what a checkpoint holds: the end is not the run's doing, or it did no work."""
    while_pausing: Reason | None = None
    """The reason of a run that waits for the next attempt."""
    given_up: Reason | None = None
    """The reason of a run that is not tried again after this end; the same one where None."""
    phase: RunPhase = RunPhase.FAILED
    """Where a run is that ended with it."""
    accepted: bool = True
    """Whether the spec is accepted; False where it asks for something that cannot be had as it stands."""
    warns: bool = False
    """Whether a Warning Event tells of it, whatever the phase."""
    wish: bool = False
    """Whether its user stops the run; what the status says stays while the Job ends, though the wish is taken back."""
    rebuilds: bool = False
    """Whether a Job that waits for it is replaced once a change of spec or installation would build another one."""
    worked: bool = True
    """Whether an attempt that ended with it may have kept work; False where its container could not begin."""
    republishes: bool = False
    """Whether the publication of a cancelled run is tried again after it."""
    quoted: bool = False
    """Whether a run whose Dataset is Invalid for it ends with the same reason; any other becomes DatasetCorrupt."""
    merge_rank: int | None = None
    """Two alike attempts become one in a list that is full, the lowest rank first; None: they stay apart longest."""
    without_network: StopReason | None = None
    """Why training stops where only the network came to this end, and a frozen-feature classifier can answer alone."""


ENDINGS: Final[Mapping[Reason, Ending]] = {
    Reason.WAITING_FOR_DATASET: Ending(
        "A Dataset that this resource names does not exist yet or is still being inspected.",
        "Apply the Dataset, or look at its status.",
        cause=Cause.INPUT,
    ),
    Reason.WAITING_FOR_MODEL: Ending(
        "The Model that this resource names does not exist yet or has not succeeded yet.",
        "Apply the Model, or wait for it.",
        cause=Cause.INPUT,
    ),
    Reason.WAITING_FOR_QUOTA: Ending(
        "A queue has not admitted the run yet or has deactivated it, the namespace's quota is used up, or as many of "
        "its runs as may at once have a Job; the message says which.",
        "Free quota, or ask an administrator to raise it; what Kueue deactivated, activate as the message says.",
        cause=Cause.INFRASTRUCTURE,
        rebuilds=True,
    ),
    Reason.QUEUE_UNAVAILABLE: Ending(
        "The queue that `spec.queue` or the installation's `defaultQueue` names cannot admit the run: Kueue is not "
        "installed (the run is then placed as if it had no queue), or the LocalQueue does not exist or is inactive; "
        "the message says which.",
        "Install Kueue, create or fix the LocalQueue, or change `spec.queue` or `defaultQueue`.",
        cause=Cause.CONFIGURATION,
    ),
    Reason.SCHEDULING: Ending("The run's pod is being created and placed.", "Wait; this takes seconds."),
    Reason.UNSCHEDULABLE: Ending(
        "No node can take the pod now; the message holds the scheduler's own words.",
        "Free or add a node of the compute class, or choose another class.",
        cause=Cause.INFRASTRUCTURE,
        rebuilds=True,
    ),
    Reason.PULLING_IMAGE: Ending("The node is fetching the trainer image.", "Wait; it costs no budget."),
    Reason.IMAGE_PULL_FAILED: Ending(
        "The node cannot fetch the trainer image.",
        "Fix `trainer.image` or the pull secret in the Helm values; the run continues automatically.",
        cause=Cause.CONFIGURATION,
    ),
    Reason.STARTING: Ending("The pod is on its node and its container is being created.", "Wait; it costs no budget."),
    Reason.WAITING_FOR_NODES: Ending(
        "Fewer of the run's nodes than `compute.minNodes` have joined yet; the message says how many of how many.",
        "Wait, or free or add nodes of the compute class; the run starts again automatically, and costs no budget.",
        cause=Cause.INFRASTRUCTURE,
        exit_code=ExitCode.NODES_MISSING,
        then=Then.RETRY,
        cap=RetryCap.START_TIMEOUT,
        free=True,
        charges_kept_only=True,
        while_pausing=Reason.WAITING_FOR_NODES,
        given_up=Reason.START_TIMEOUT,
        worked=False,
        merge_rank=3,
    ),
    Reason.SUSPENDED: Ending(
        "`spec.suspend` is true.",
        "Set `spec.suspend` to false to continue.",
        cause=Cause.USER,
        then=Then.RESUME,
        free=True,
        wish=True,
        republishes=True,
        merge_rank=1,
    ),
    Reason.RETRYING_AFTER_DISRUPTION: Ending(
        "The infrastructure ended the last attempt (eviction, preemption, lost node, deleted pod).",
        "Nothing: the run starts again after a pause, and what was lost is not charged.",
        cause=Cause.INFRASTRUCTURE,
        exit_code=ExitCode.STOPPED,
        then=Then.RETRY,
        cap=RetryCap.DISRUPTIONS,
        free=True,
        charges_kept_only=True,
        while_pausing=Reason.RETRYING_AFTER_DISRUPTION,
        given_up=Reason.UNKNOWN,
        warns=True,
        republishes=True,
        merge_rank=0,
    ),
    Reason.RETRYING_AFTER_FAILURE: Ending(
        "The trainer crashed or was killed; another attempt follows after a pause.",
        "Read the message for the exit code and the last log lines.",
        cause=Cause.TRAINER,
        warns=True,
    ),
    Reason.STORAGE_UNAVAILABLE: Ending(
        "A bucket or URL does not respond or rejects the credentials; the message says which.",
        "Fix the endpoint, the bucket or the Secret; the run continues automatically, until no attempt is left.",
        cause=Cause.INFRASTRUCTURE,
        exit_code=ExitCode.TEMPORARY_FAILURE,
        then=Then.RETRY,
        cap=RetryCap.STORAGE,
        free=True,
        charges_kept_only=True,
        while_pausing=Reason.STORAGE_UNAVAILABLE,
        warns=True,
        republishes=True,
        quoted=True,
        merge_rank=4,
    ),
    Reason.INVALID_CONFIGURATION: Ending(
        "The spec names something this installation does not have or does not allow; the message names the field.",
        "Fix the field, or ask the administrator to add the class or allow the name; the run continues automatically.",
        cause=Cause.CONFIGURATION,
        exit_code=ExitCode.BAD_CONFIG,
        then=Then.RETRY,
        cap=RetryCap.START_TIMEOUT,
        free=True,
        charges_kept_only=True,
        while_pausing=Reason.INVALID_CONFIGURATION,
        accepted=False,
        warns=True,
        rebuilds=True,
        worked=False,
        merge_rank=2,
    ),
    Reason.NOT_ALLOWED: Ending(
        "The spec asks for something that this installation does not allow in this namespace; the message names the "
        "field, its value and what is allowed.",
        "Ask for what is allowed, or ask the administrator to allow it.",
        cause=Cause.CONFIGURATION,
        exit_code=ExitCode.NOT_ALLOWED,
        then=Then.END,
        free=True,
        charges_kept_only=True,
        accepted=False,
        warns=True,
        worked=False,
        quoted=True,
    ),
    Reason.NAME_CONFLICT: Ending(
        "An object with the name of this resource's child exists and belongs to something else.",
        "Delete or rename the object that the message names.",
        cause=Cause.CONFIGURATION,
        accepted=False,
        warns=True,
    ),
    Reason.INSPECTING: Ending("The images and annotations are being read and checked.", "Wait."),
    Reason.TRAINING: Ending("The trainer is running; `progress` says how far it is.", "Wait; the budget bounds it."),
    Reason.EVALUATING: Ending("The model is being measured on the Dataset.", "Wait."),
    Reason.PREDICTING: Ending("The model is answering images that have no label.", "Wait."),
    Reason.READY: Ending("The Dataset was read and every check passed.", "Train on it."),
    Reason.SUCCEEDED: Ending(
        "The run ended with a result.",
        "Use it.",
        exit_code=ExitCode.SUCCEEDED,
        then=Then.END,
        phase=RunPhase.SUCCEEDED,
    ),
    Reason.CANCELLED: Ending(
        "`spec.cancel` ended the run; the message says whether the best model so far was kept.",
        "Nothing.",
        cause=Cause.USER,
        exit_code=ExitCode.SUCCEEDED,
        then=Then.END,
        phase=RunPhase.CANCELLED,
        wish=True,
    ),
    Reason.START_TIMEOUT: Ending(
        "No container started within the installation's start timeout; the message says what it waited for.",
        "Fix what the message names and create the resource again, or raise `startTimeoutSeconds` (0 waits for ever).",
        cause=Cause.INFRASTRUCTURE,
        then=Then.END,
        free=True,
        worked=False,
    ),
    Reason.OUT_OF_MEMORY: Ending(
        "The trainer ran out of memory twice, the second time with half the batch; the message says how much to give.",
        "Use a compute class with that much memory, or ask the administrator to raise the class's `memory`.",
        cause=Cause.TRAINER,
        exit_code=ExitCode.OUT_OF_MEMORY,
        then=Then.RETRY,
        cap=RetryCap.MEMORY,
        charges_kept_only=True,
        while_pausing=Reason.RETRYING_AFTER_FAILURE,
        merge_rank=5,
    ),
    Reason.TRAINING_DIVERGED: Ending(
        "The loss became non-finite, or the model is no better than guessing.",
        "Check the likely causes in the message: wrong labels, too few images, too low a resolution.",
        cause=Cause.INPUT,
        exit_code=ExitCode.TRAINING_DIVERGED,
        then=Then.END,
        without_network=StopReason.NO_PROGRESS,
    ),
    Reason.BUDGET_NOT_ENOUGH: Ending(
        "The budget cannot hold one useful training; the message gives the minimum and a suggestion.",
        "Create the Model again with at least the minimum budget.",
        cause=Cause.INPUT,
        exit_code=ExitCode.BUDGET_NOT_ENOUGH,
        then=Then.END,
        charges_kept_only=True,
        without_network=StopReason.BUDGET_REACHED,
    ),
    Reason.DATASET_CORRUPT: Ending(
        "An annotation file or an image cannot be used; the message names the file and the id.",
        "Fix the file; a changed Dataset spec is inspected again.",
        cause=Cause.INPUT,
        exit_code=ExitCode.DATASET_CORRUPT,
        then=Then.END,
        quoted=True,
    ),
    Reason.DATASET_NOT_FOUND: Ending(
        "An annotation file does not exist at its URI, or a folder holds no image.",
        "Fix `spec.annotationFiles` of the Dataset, or `spec.images.uri` of the Prediction.",
        cause=Cause.INPUT,
        exit_code=ExitCode.DATASET_NOT_FOUND,
        then=Then.END,
        quoted=True,
    ),
    Reason.INCORRECT_MODEL_KIND: Ending(
        "The Model's task does not fit the Dataset's `annotationKind`.",
        "Use a Dataset of the kind that the message names.",
        cause=Cause.INPUT,
        exit_code=ExitCode.INCORRECT_MODEL_KIND,
        then=Then.END,
    ),
    Reason.UNKNOWN: Ending(
        "The run ended in a way that nothing else describes.",
        "Read the exit code and the last log lines in the message; report it if they show a defect of Darkroom.",
        cause=Cause.TRAINER,
        exit_code=ExitCode.INTERNAL_ERROR,
        then=Then.RETRY,
        cap=RetryCap.FAILURES,
        while_pausing=Reason.RETRYING_AFTER_FAILURE,
        merge_rank=6,
    ),
}
"""A row for each reason."""


def find_reason(code: int) -> Reason | None:
    """Return the failure that an exit code stands for, where a process left no report."""
    return next((reason for reason, ending in ENDINGS.items() if ending.exit_code == code != ExitCode.SUCCEEDED), None)


def find_ending(outcome: str | None) -> Ending | None:
    """Return the row of what an attempt's `outcome` says; None where another version wrote a reason unknown here."""
    return ENDINGS[Reason(outcome)] if outcome is not None and outcome in ENDINGS else None

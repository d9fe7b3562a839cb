"""Why a resource of a run on this machine cannot start, in the words of a cluster.

Pure. Must not do: run or write anything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.endings import ENDINGS
from darkroom_api.results import describe_run
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_trainer.local.status import GENERATION

RunStatus = TypeVar("RunStatus", ModelStatus, EvaluationStatus)


@dataclass(frozen=True)
class Blocker:
    """Why a run cannot start. `final` where no waiting mends it."""

    reason: Reason
    message: str
    final: bool


def find_dataset_blocker(
    field: str, name: str, dataset: tuple[DatasetSpec, DatasetStatus] | None, task: Task | None
) -> Blocker | None:
    """Return why the Dataset that `field` names cannot be used for `task`."""
    if dataset is None:
        message = f"{field}: Dataset `{name}` is in none of the manifests; add it with another -f."
        return Blocker(Reason.WAITING_FOR_DATASET, message, final=False)
    spec, status = dataset
    if status.phase is DatasetPhase.INVALID:
        quoted = status.reason is not None and ENDINGS[status.reason].quoted
        reason = status.reason if quoted and status.reason is not None else Reason.DATASET_CORRUPT
        message = f"{field}: Dataset `{name}` is Invalid ({status.reason}): {status.message}"
        return Blocker(reason, message, final=True)
    if status.phase is not DatasetPhase.READY:
        message = f"{field}: Dataset `{name}` is {status.phase} ({status.reason}: {status.message})"
        return Blocker(Reason.WAITING_FOR_DATASET, message, final=False)
    if task is not None and spec.annotation_kind is not TASK_ANNOTATIONS[task]:
        message = (
            f"{field}: a `{task}` needs a Dataset of kind `{TASK_ANNOTATIONS[task]}`, "
            f"but Dataset `{name}` is `{spec.annotation_kind}`"
        )
        return Blocker(Reason.INCORRECT_MODEL_KIND, message, final=True)
    return None


def find_model_blocker(name: str, model: ModelStatus | None) -> Blocker | None:
    """Return why the Model that an Evaluation names cannot be measured."""
    if model is None:
        message = f"model: Model `{name}` is in none of the manifests; add it with another -f."
        return Blocker(Reason.WAITING_FOR_MODEL, message, final=False)
    if model.phase in (RunPhase.FAILED, RunPhase.CANCELLED):
        cancelled = model.phase is RunPhase.CANCELLED
        reason = Reason.CANCELLED if cancelled else model.reason or Reason.UNKNOWN
        return Blocker(reason, f"model: Model `{name}` is {model.phase}: {model.message}", final=True)
    if model.phase is not RunPhase.SUCCEEDED:
        message = f"model: Model `{name}` is {model.phase} ({model.reason}: {model.message})"
        return Blocker(Reason.WAITING_FOR_MODEL, message, final=False)
    if model.artifacts is None:
        message = f"model: Model `{name}` succeeded, but its status names no artifacts."
        return Blocker(Reason.UNKNOWN, message, final=True)
    return None


def block(status: RunStatus, blocker: Blocker, now: datetime) -> RunStatus:
    """Return the status of a run that cannot start."""
    phase = RunPhase.FAILED if blocker.final else RunPhase.QUEUED
    blocked = describe_run(status, phase, blocker.reason, blocker.message, GENERATION, now)
    return blocked.model_copy(update={"completed_at": now}) if blocker.final else blocked

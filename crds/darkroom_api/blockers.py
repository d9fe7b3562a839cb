"""Why a run cannot start because of what it names: the same verdict on a cluster and in `darkroom run`.

Owns what is known of a Dataset or Model that another one names, and which of its states block, for now or for good.
Must not know where resources are kept: `missing` says how one that is not there can be added.
"""

from dataclasses import dataclass

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.endings import ENDINGS
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, Artifacts, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus


@dataclass(frozen=True)
class Blocker:
    """Why something cannot start: a word, and a sentence that names the field and what to do."""

    reason: Reason
    message: str
    final: bool = False
    """Whether no waiting helps: what it blocks fails."""


@dataclass(frozen=True)
class ObservedDataset:
    """A Dataset that another resource names."""

    name: str
    spec: DatasetSpec
    phase: DatasetPhase
    reason: Reason | None
    message: str
    current: bool
    """Whether the status is about the present spec."""
    revision: str | None
    images: int | None = None

    @property
    def invalid(self) -> bool:
        """Return whether its inspection refused it as it is now."""
        return self.current and self.phase is DatasetPhase.INVALID

    @property
    def ready(self) -> bool:
        """Return whether one may train on it."""
        return self.current and self.phase is DatasetPhase.READY


@dataclass(frozen=True)
class ObservedModel:
    """A Model that an Evaluation or a Prediction names."""

    name: str
    uid: str
    spec: ModelSpec
    phase: RunPhase
    reason: Reason | None
    message: str
    artifacts: Artifacts | None


def observe_dataset(name: str, spec: DatasetSpec, status: DatasetStatus, generation: int) -> ObservedDataset:
    """Return what is known of a Dataset whose spec is of this generation."""
    return ObservedDataset(
        name=name,
        spec=spec,
        phase=status.phase,
        reason=status.reason,
        message=status.message or "",
        current=status.observed_generation == generation,
        revision=status.summary.revision if status.summary else None,
        images=status.summary.images if status.summary else None,
    )


def observe_model(name: str, uid: str, spec: ModelSpec, status: ModelStatus) -> ObservedModel:
    """Return what is known of a Model."""
    return ObservedModel(
        name=name,
        uid=uid,
        spec=spec,
        phase=status.phase,
        reason=status.reason,
        message=status.message or "",
        artifacts=status.artifacts,
    )


def find_dataset_blocker(
    field: str, name: str, dataset: ObservedDataset | None, task: Task, missing: str
) -> Blocker | None:
    """Return why the Dataset that `field` names cannot be used for `task` (yet)."""
    where = f"{field}: Dataset `{name}`"
    if dataset is None:
        return Blocker(Reason.WAITING_FOR_DATASET, f"{where} {missing}")
    if dataset.invalid:
        quoted = dataset.reason is not None and ENDINGS[dataset.reason].quoted
        reason = dataset.reason if quoted and dataset.reason is not None else Reason.DATASET_CORRUPT
        return Blocker(reason, f"{where} is Invalid ({dataset.reason}): {dataset.message}", final=True)
    if not dataset.ready:
        phase = dataset.phase if dataset.current else DatasetPhase.PENDING
        why = f" ({dataset.reason}: {dataset.message})" if dataset.current and dataset.reason else ""
        return Blocker(Reason.WAITING_FOR_DATASET, f"{where} is {phase}{why}")
    if dataset.spec.annotation_kind is not TASK_ANNOTATIONS[task]:
        needed, found = TASK_ANNOTATIONS[task], dataset.spec.annotation_kind
        message = f"{field}: a `{task}` needs a Dataset of kind `{needed}`, but Dataset `{name}` is `{found}`"
        return Blocker(Reason.INCORRECT_MODEL_KIND, message, final=True)
    return None


def find_model_blocker(name: str, model: ObservedModel | None, missing: str) -> Blocker | None:
    """Return why the Model that an Evaluation or a Prediction names cannot be used (yet)."""
    where = f"model: Model `{name}`"
    if model is None:
        return Blocker(Reason.WAITING_FOR_MODEL, f"{where} {missing}")
    if model.phase in (RunPhase.FAILED, RunPhase.CANCELLED):
        reason = Reason.CANCELLED if model.phase is RunPhase.CANCELLED else model.reason or Reason.UNKNOWN
        return Blocker(reason, f"{where} is {model.phase}: {model.message}", final=True)
    if model.phase is not RunPhase.SUCCEEDED:
        why = f" ({model.reason}: {model.message})" if model.reason else "."
        return Blocker(Reason.WAITING_FOR_MODEL, f"{where} is {model.phase}{why}")
    if model.artifacts is None:
        return Blocker(Reason.UNKNOWN, f"{where} succeeded, but its status names no artifacts.", final=True)
    return None

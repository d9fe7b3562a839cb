"""What a decision sees: one frozen value per kind, with all that belongs to the object.

Owns these types only. `observe` fills them in; must not read or decide anything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.report import Progress
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_operator.api.resources import Key
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Findings

SpecT = TypeVar("SpecT", DatasetSpec, ModelSpec, EvaluationSpec)
StatusT = TypeVar("StatusT", DatasetStatus, ModelStatus, EvaluationStatus)


@dataclass(frozen=True)
class Report:
    """What a running trainer last answered, and when."""

    pod_uid: str
    progress: Progress
    polled_at: datetime


@dataclass(frozen=True)
class Observed(Generic[SpecT, StatusT]):
    """One resource and everything that belongs to it."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    created_at: datetime | None
    deleting: bool
    spec: SpecT
    status: StatusT
    jobs: tuple[ObservedJob, ...]
    pods: tuple[ObservedPod, ...]
    report: Report | None
    now: datetime
    found: Findings = NOTHING_FOUND


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
    def ready(self) -> bool:
        """Return whether one may train on it."""
        return self.current and self.phase is DatasetPhase.READY


@dataclass(frozen=True)
class ObservedModelRef:
    """A Model that an Evaluation names."""

    name: str
    uid: str
    spec: ModelSpec
    phase: RunPhase
    reason: Reason | None
    message: str
    artifacts: Artifacts | None


@dataclass(frozen=True)
class ModelView:
    """All that is seen of a Model."""

    self_: Observed[ModelSpec, ModelStatus]
    dataset: ObservedDataset | None
    evaluation_dataset: ObservedDataset | None


@dataclass(frozen=True)
class EvaluationView:
    """All that is seen of an Evaluation."""

    self_: Observed[EvaluationSpec, EvaluationStatus]
    model: ObservedModelRef | None
    model_dataset: ObservedDataset | None
    dataset: ObservedDataset | None


DatasetView = Observed[DatasetSpec, DatasetStatus]

"""What a decision sees: one frozen value per kind, with all that belongs to the object.

Owns these types only. `observe` fills them in; must not read or decide anything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from darkroom_api.blockers import ObservedDataset, ObservedModel
from darkroom_api.report import Progress
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus, ProgressStatus
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

    def show(self) -> ProgressStatus:
        """Return what a status says of it."""
        said = self.progress
        return ProgressStatus(percent=said.percent, stage=said.stage, trial=said.trial, eta_seconds=said.eta_seconds)


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
    other_runs: int = 0
    """How many other Models and Evaluations of the namespace have a Job that may work."""


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
    model: ObservedModel | None
    model_dataset: ObservedDataset | None
    dataset: ObservedDataset | None


DatasetView = Observed[DatasetSpec, DatasetStatus]

"""Resources as they are kept, and what a decision sees: one frozen value per kind, with all that belongs to it.

Owns these types only. `reading` and `observe` fill them in; must not read or decide anything.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from darkroom_api.blockers import ObservedDataset, ObservedModel
from darkroom_api.report import Progress
from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus
from darkroom_api.v1alpha1.run_status import ProgressStatus, RunStatus
from darkroom_operator.api.resources import Json, Key
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Findings

SpecT = TypeVar("SpecT", bound=Spec)
StatusT = TypeVar("StatusT", bound=DatasetStatus | RunStatus)


@dataclass(frozen=True, slots=True)
class StoredOwner:
    """A resource of one of the kinds; of its metadata nothing is kept that has no bound."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    created_at: datetime | None
    deleting: bool
    content: Json | bytes
    """Spec and status; as JSON where a run is over, of which there are many that nobody looks at."""
    phase: str | None = None
    reason: str | None = None
    observed_generation: int = 0
    over: bool = False
    """Whether it is a run that has ended, as its status says."""
    parsed: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """Spec and status in the contract's classes, once they were read: this version of the object never changes."""

    @property
    def spec(self) -> Json:
        """Return the spec as the API server has it."""
        return self._unpack("spec")

    @property
    def status(self) -> Json:
        """Return the status as the API server has it."""
        return self._unpack("status")

    def _unpack(self, part: str) -> Json:
        content: Json = json.loads(self.content) if isinstance(self.content, bytes) else self.content
        unpacked: Json = content[part]
        return unpacked


@dataclass(frozen=True)
class Report:
    """What a running trainer last answered, and when."""

    pod_uid: str
    progress: Progress
    polled_at: datetime

    def show(self) -> ProgressStatus:
        """Return what a status says of it."""
        said = self.progress
        return ProgressStatus(
            percent=said.percent, stage=said.stage, trial=said.trial, eta_seconds=said.eta_seconds, nodes=said.nodes
        )


@dataclass(frozen=True)
class Observed(Generic[SpecT, StatusT]):
    """One resource and everything that belongs to it."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    created_at: datetime | None
    spec: SpecT
    status: StatusT
    jobs: tuple[ObservedJob, ...]
    pods: tuple[ObservedPod, ...]
    report: Report | None
    now: datetime
    found: Findings = NOTHING_FOUND
    other_runs: int = 0
    """How many other runs of the namespace have a Job that may work."""


@dataclass(frozen=True)
class ModelView:
    """All that is seen of a Model."""

    self_: Observed[ModelSpec, ModelStatus]
    dataset: ObservedDataset | None
    evaluation_dataset: ObservedDataset | None


@dataclass(frozen=True)
class ModelUseView(Generic[SpecT, StatusT]):
    """All that is seen of a run that uses a finished Model."""

    self_: Observed[SpecT, StatusT]
    model: ObservedModel | None
    model_dataset: ObservedDataset | None
    """The Dataset that the Model was trained on."""
    dataset: ObservedDataset | None
    """The Dataset that the run itself names; a Prediction may name none."""


DatasetView = Observed[DatasetSpec, DatasetStatus]
EvaluationView = ModelUseView[EvaluationSpec, EvaluationStatus]
PredictionView = ModelUseView[PredictionSpec, PredictionStatus]

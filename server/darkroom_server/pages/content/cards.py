"""What a person sees of a resource at a glance: its phase and why, its score, its budget.

Owns which of a resource's many facts count. Pure.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from darkroom_api.conditions import TERMINAL_PHASES, RunPhase
from darkroom_api.durations import parse_duration
from darkroom_api.v1alpha1.common import STOP_MEANINGS, Performance, Task
from darkroom_api.v1alpha1.dataset import AnnotationFormat, DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionSpec
from darkroom_api.v1alpha1.run_status import ProgressStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.resources.names import find_rest_name


@dataclass(frozen=True)
class ModelCard:
    """A Model."""

    name: str
    title: str
    """Its REST name, where it came by that interface."""
    uid: str
    task: Task
    dataset: str
    phase: str
    reason: str
    message: str
    is_ended: bool
    is_waiting: bool
    performance: Performance | None
    score_name: str
    budget_seconds: float
    charged_seconds: float
    progress: ProgressStatus | None
    stop_reason: str
    stop_meaning: str
    created_at: datetime
    has_files: bool
    can_answer: bool


def build_model_card(stored: Stored) -> ModelCard:
    """Return the card of a Model."""
    spec, status = stored.spec, stored.status
    assert isinstance(spec, ModelSpec)
    assert isinstance(status, ModelStatus)
    is_ended = status.phase in TERMINAL_PHASES
    return ModelCard(
        name=stored.name,
        title=find_rest_name(stored),
        uid=stored.uid,
        task=spec.task,
        dataset=spec.dataset,
        phase=status.phase.value,
        reason=status.reason.value if status.reason else "",
        message=status.message or "",
        is_ended=is_ended,
        is_waiting=status.phase is RunPhase.QUEUED,
        performance=status.performance,
        score_name=spec.task.score_name,
        budget_seconds=float(parse_duration(spec.budget)),
        charged_seconds=status.budget.charged_seconds if status.budget else 0.0,
        progress=None if is_ended else status.progress,
        stop_reason=status.stop_reason.value if status.stop_reason else "",
        stop_meaning=STOP_MEANINGS[status.stop_reason] if status.stop_reason else "",
        created_at=stored.created_at,
        has_files=status.artifacts is not None,
        can_answer=status.phase is RunPhase.SUCCEEDED and status.artifacts is not None,
    )


@dataclass(frozen=True)
class DatasetCard:
    """A Dataset."""

    name: str
    title: str
    annotation_kind: str
    format: str
    annotation_files: tuple[str, ...]
    phase: str
    message: str
    summary: Any
    created_at: datetime


def build_dataset_card(stored: Stored) -> DatasetCard:
    """Return the card of a Dataset."""
    spec, status = stored.spec, stored.status
    assert isinstance(spec, DatasetSpec)
    assert isinstance(status, DatasetStatus)
    return DatasetCard(
        name=stored.name,
        title=find_rest_name(stored),
        annotation_kind=spec.annotation_kind.value,
        format=(spec.format or AnnotationFormat.COCO).value,
        annotation_files=tuple(file.partition("?")[0] for file in spec.annotation_files),
        phase=status.phase.value,
        message=status.message or "",
        summary=status.summary,
        created_at=stored.created_at,
    )


def find_model_name(stored: Stored) -> str | None:
    """Return the Model that a resource measures or asks, None where it does neither."""
    spec = stored.spec
    return spec.model if isinstance(spec, EvaluationSpec | PredictionSpec) else None


def find_training_dataset(model: Stored | None) -> str | None:
    """Return the Dataset that a Model learns from, None where there is no Model."""
    return model.spec.dataset if model is not None and isinstance(model.spec, ModelSpec) else None

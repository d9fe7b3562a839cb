"""The result of a decision: the status to write, what to start and stop, and when to look again.

Owns the type only.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.facts.children import ObservedJob

StatusT = TypeVar("StatusT", DatasetStatus, ModelStatus, EvaluationStatus)


@dataclass(frozen=True)
class Decision(Generic[StatusT]):
    """What a reconcile shall do, in this order: stop Jobs, start an attempt, write the status."""

    status: StatusT
    start: int | None = None
    """Number of the attempt to create a Job for."""
    stop: tuple[ObservedJob, ...] = ()
    requeue_after_seconds: float | None = None


@dataclass(frozen=True)
class Refusal:
    """Why the API server did not take a Job."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Problem:
    """Why something cannot start: a word and a sentence that names the field."""

    reason: Reason
    message: str

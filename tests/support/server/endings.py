"""Statuses of runs that a test lets begin and end, from resources as a back end has them."""

from darkroom_api.conditions import Reason
from darkroom_api.report import Meter, Outcome
from darkroom_api.results import TRAINING, describe_run, finish_run
from darkroom_api.v1alpha1.common import Artifacts, Performance
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_server.backends.backend import Status, Stored


def begin_training(stored: Stored) -> Status:
    """Return the status of a Model that trains."""
    assert isinstance(stored.status, ModelStatus)
    return describe_run(stored.status, TRAINING.phase, TRAINING.reason, TRAINING.message, 1, stored.created_at)


def end_run(stored: Stored, reason: Reason, message: str, performance: Performance | None = None) -> Status:
    """Return the status of a run that has ended; a training was charged 61 s."""
    outcome = Outcome(
        reason=reason,
        message=message,
        meter=Meter(charged_seconds=61),
        performance=performance,
        artifacts=Artifacts(uri="file:///out", digest="sha256:1"),
    )
    if isinstance(stored.status, EvaluationStatus):
        return finish_run(stored.status, outcome, 1, stored.created_at)
    assert isinstance(stored.status, ModelStatus)
    return finish_run(stored.status, outcome, 1, stored.created_at)

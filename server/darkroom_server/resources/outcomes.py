"""How a run ended, as Models and Evaluations tell it. Pure. Must not know either."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.resources.rest_object import RestObject


class RunError(RestObject):
    """Why a run failed. It has these four keys and no other: clients build a class of it."""

    code: str
    message: str
    target: str | None = None
    details: list[dict[str, Any]] | None = None


def build_error(status: ModelStatus | EvaluationStatus, codes: Mapping[Reason, str], other: str) -> RunError:
    """Return why a run failed, by the service's word for its reason."""
    code = codes.get(status.reason, other) if status.reason is not None else other
    return RunError(code=code, message=status.message or "No reason is known.")


def find_updated(stored: Stored) -> datetime:
    """Return when a run was last seen to change."""
    status = stored.status
    assert isinstance(status, ModelStatus | EvaluationStatus)
    changed = [condition.last_transition_time for condition in status.conditions]
    return max([stored.created_at, *changed])

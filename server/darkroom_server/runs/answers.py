"""A run as it is told. Pure."""

from typing import Any

from darkroom_server.resources.outcomes import RunError
from darkroom_server.resources.rest_object import RestObject, format_moment
from darkroom_server.runs.record import RunRecord, RunState


class RunAnswer(RestObject):
    """A run as it is told; neither its image nor where that came from."""

    run_name: str
    model_name: str
    status: RunState
    created_date_time: str
    updated_date_time: str
    error: RunError | None = None
    result: dict[str, Any] | None = None


def build_run(record: RunRecord) -> dict[str, Any]:
    """Return the JSON form of a run."""
    return RunAnswer(
        run_name=record.name,
        model_name=record.model,
        status=record.state,
        created_date_time=format_moment(record.created_at),
        updated_date_time=format_moment(record.updated_at),
        error=record.error,
        result=record.result,
    ).to_json()

"""Runs as they are told."""

import pytest

from darkroom_server.resources.outcomes import RunError
from darkroom_server.runs.answers import build_run
from darkroom_server.runs.record import RunRecord
from tests.support.server.runs import MODEL, NOW, a_record

MOMENT = "2026-01-02T03:04:05.000Z"
HEAD = {"runName": "r", "modelName": MODEL, "createdDateTime": MOMENT, "updatedDateTime": MOMENT}


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (a_record(), {"status": "notStarted"}),
        (a_record().begin(NOW), {"status": "running"}),
        (a_record().succeed({"gaps": []}, NOW), {"status": "succeeded", "result": {"gaps": []}}),
        (
            a_record().fail(RunError(code="c", message="m"), NOW),
            {"status": "failed", "error": {"code": "c", "message": "m"}},
        ),
    ],
)
def test_a_run_tells_its_state_and_neither_its_server_nor_its_image(record: RunRecord, told: dict[str, str]) -> None:
    assert build_run(record) == HEAD | told

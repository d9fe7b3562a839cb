"""Where the operator's logs go, and which of kopf's lines are among them."""

import json
import logging
from collections.abc import Iterator

import pytest

from darkroom_operator.logs import configure_logs


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Configure the logs as the operator does; what the tests log with comes back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs()
    yield capsys
    root.handlers[:] = handlers
    root.setLevel(level)


def test_lines_go_to_standard_error_as_json_and_kopf_tells_no_event(said: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("darkroom_operator").info("leads")
    logging.getLogger("kopf.objects").info("event")
    logging.getLogger("kopf.objects").warning("lost")
    printed = said.readouterr()
    assert [json.loads(line)["message"] for line in printed.err.splitlines()] == ["leads", "lost"]
    assert printed.out == ""

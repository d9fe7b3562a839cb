"""Log lines of the trainer."""

import json
import logging

from darkroom_api.json_logs import JsonFormatter
from darkroom_storage import secrets
from darkroom_trainer.runtime.logs import PlainFormatter


def test_no_line_shows_a_secret_that_was_read_or_that_looks_like_one() -> None:
    secrets.remember(["value-of-a-mounted-key"])
    try:
        raise ValueError("value-of-a-mounted-key")
    except ValueError as error:
        raised = (ValueError, error, error.__traceback__)
    shown = {"msg": "read https://h.test/a?sig=signed", "uri": ["https://me:pass@h.test"], "exc_info": raised}
    record = logging.makeLogRecord({"name": "x", "levelname": "ERROR", "args": (), **shown})
    for formatter in (JsonFormatter(secrets.hide_tree), PlainFormatter()):
        line = formatter.format(record)
        assert "h.test" in line
        assert not any(secret in line for secret in ("signed", "pass", "value-of-a-mounted-key"))
    assert json.loads(JsonFormatter(secrets.hide_tree).format(record))["uri"] == ["https://h.test"]

"""Log lines of the trainer."""

import json
import logging

from darkroom_storage import secrets
from darkroom_trainer.runtime.logs import JsonFormatter, PlainFormatter


def test_a_log_line_is_one_json_object() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "two\nlines %d", "args": (1,), "trial": 3})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines 1"
    assert json.loads(line)["trial"] == 3


def test_no_line_shows_a_secret_that_was_read_or_that_looks_like_one() -> None:
    secrets.remember(["value-of-a-mounted-key"])
    try:
        raise ValueError("value-of-a-mounted-key")
    except ValueError as error:
        raised = (ValueError, error, error.__traceback__)
    shown = {"msg": "read https://h.test/a?sig=signed", "uri": ["https://me:pass@h.test"], "exc_info": raised}
    record = logging.makeLogRecord({"name": "x", "levelname": "ERROR", "args": (), **shown})
    for formatter in (JsonFormatter(), PlainFormatter()):
        line = formatter.format(record)
        assert "h.test" in line
        assert not any(secret in line for secret in ("signed", "pass", "value-of-a-mounted-key"))
    assert json.loads(JsonFormatter().format(record))["uri"] == ["https://h.test"]

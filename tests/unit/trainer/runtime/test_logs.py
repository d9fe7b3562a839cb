"""Log lines of the trainer."""

import json
import logging

from darkroom_trainer.runtime.logs import JsonFormatter


def test_a_log_line_is_one_json_object() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "two\nlines %d", "args": (1,), "trial": 3})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines 1"
    assert json.loads(line)["trial"] == 3

"""Log lines: one JSON object each."""

import json
import logging

from darkroom_api.json_logs import JsonFormatter


def test_a_log_line_is_json_with_its_extra_fields_and_its_exception() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        made = logging.LogRecord("a", logging.ERROR, "f", 1, "said %s", ("x",), (ValueError, error, None))
    made.object = "Model/vision/fruit"
    written = JsonFormatter().format(made)
    line = json.loads(written)
    assert (line["level"], line["message"], line["object"]) == ("error", "said x", "Model/vision/fruit")
    assert "two\nlines" in line["exception"]
    assert "\n" not in written


def test_no_line_shows_a_secret() -> None:
    record = logging.makeLogRecord({"msg": "at https://me:pass@h.test/a?sig=signed", "told": {"x": "sig=signed"}})
    line = JsonFormatter().format(record)
    assert "pass" not in line
    assert "signed" not in line
    assert json.loads(line)["message"] == "at https://h.test/a?***"

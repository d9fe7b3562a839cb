"""Logs: one JSON object a line."""

import json
import logging

from darkroom_operator.logs import JsonFormatter


def test_a_log_line_is_json_with_its_extra_fields_and_its_exception() -> None:
    try:
        raise ValueError("why")
    except ValueError as error:
        made = logging.LogRecord("a", logging.ERROR, "f", 1, "said %s", ("x",), (ValueError, error, None))
    made.object = "Model/vision/fruit"
    line = json.loads(JsonFormatter().format(made))
    assert (line["level"], line["message"], line["object"]) == ("error", "said x", "Model/vision/fruit")
    assert "why" in line["exception"]

"""A log line as one JSON object, the same for operator, trainer and server.

Owns the form. Fields given as `extra` stand beside the message. Must not decide what is logged, or where to.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_api.redaction import redact_tree

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message, whatever `extra` holds, and the traceback of an exception.

    `hide` takes secrets out of all of it.
    """

    def __init__(self, hide: Callable[[Any], Any] = redact_tree) -> None:
        super().__init__()
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            extra["exception"] = self.formatException(record.exc_info)
        return json.dumps(self._hide({**extra, **line}), ensure_ascii=False)

"""The form of a log line, without secrets: JSON on standard output in a pod, plain text where a person reads.

Must not decide what is logged.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_storage.secrets import hide, hide_tree

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message, whatever `extra` holds, and the traceback of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(hide_tree(line), ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """Writes what a person at a terminal needs."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        return hide(super().format(record))


def setup_plain_logs() -> None:
    """Send warnings to standard error as text."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def setup_json_logs() -> None:
    """Send everything from INFO up to standard output as JSON; libraries only from WARNING up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("darkroom_trainer").setLevel(logging.INFO)


def print_error(message: str) -> None:
    """Say on standard error why `darkroom` does not go on."""
    print(f"darkroom: {hide(message)}", file=sys.stderr)

"""The form of a log line, without secrets: JSON on standard output in a pod, plain text where a person reads.

Must not decide what is logged.
"""

import logging
import sys

from darkroom_api.json_logs import JsonFormatter
from darkroom_storage.secrets import hide, hide_tree


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
    handler.setFormatter(JsonFormatter(hide_tree))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("darkroom_trainer").setLevel(logging.INFO)


def print_error(message: str) -> None:
    """Say on standard error why `darkroom` does not go on."""
    print(f"darkroom: {hide(message)}", file=sys.stderr)

"""What time it is, by the API server's clock: the times in objects are compared with no other.

Owns the difference to this machine's clock, learned from every answer, and how a moment is written to the microsecond.
A machine whose date is wrong would otherwise end runs for waiting too long, and charge what they did not hold.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

TOLERANCE: Final = timedelta(seconds=5)
"""Answers take time and tell whole seconds: a smaller difference is none."""


def format_micro(moment: datetime) -> str:
    """Return a Kubernetes MicroTime."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class ServerClock:
    """The API server's clock, as far as its answers tell."""

    def __init__(self, local: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._local = local
        self._behind = timedelta(0)

    def learn(self, date: str | None) -> None:
        """Take in the Date header of an answer that just came; one that cannot be read tells nothing."""
        try:
            told = parsedate_to_datetime(date or "")
        except ValueError:
            return
        behind = told.astimezone(UTC) - self._local()
        self._behind = behind if abs(behind) > TOLERANCE else timedelta(0)

    def now(self) -> datetime:
        """Return the time."""
        return self._local() + self._behind

"""The writes that passed a proxy, numbered, and the switch that ends the writer at one of them.

Leases and Events are left out: an operator may renew and tell at any time without harm.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.faults.proxy.exchange import Exchange

METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_UNCOUNTED: Final = re.compile(r"/(leases|events)(/|\?|$)")


class Moment(StrEnum):
    """When the writer dies: before the server hears of request n, or once it is committed."""

    BEFORE = "before"
    AFTER = "after"


@dataclass
class Write:
    """One write: what it was, the name that it was about, and what came back."""

    method: str
    path: str
    name: str
    at: float
    """On the monotonic clock."""
    status: int | None = None
    """Of the answer; None while none has come."""

    def __str__(self) -> str:
        """Return the form used in reports, without the object's name."""
        known = ("jobs", "models", "datasets", "evaluations", "predictions")
        plural = next((part for part in known if f"/{part}" in self.path), "?")
        status = "/status" if self.path.partition("?")[0].endswith("/status") else ""
        return f"{self.method} {plural}{status}"


@dataclass
class Trap:
    """Springs once, at write `number` about objects whose name starts with `prefix`."""

    prefix: str
    number: int
    moment: Moment
    kill: Callable[[], None]
    seen: int = 0
    sprung: Write | None = None

    def is_due(self, moment: Moment) -> bool:
        """Return whether it springs now."""
        return self.sprung is None and self.seen == self.number and moment is self.moment


@dataclass
class Mutations:
    """All writes so far."""

    writes: list[Write] = field(default_factory=list)
    trap: Trap | None = None

    def note(self, exchange: Exchange) -> Write | None:
        """Count a request, None where it does not count."""
        if exchange.method not in METHODS or _UNCOUNTED.search(exchange.path):
            return None
        write = Write(exchange.method, exchange.path, _find_name(exchange), time.monotonic())
        self.writes.append(write)
        if self.trap is not None and write.name.startswith(self.trap.prefix):
            self.trap.seen += 1
        return write

    def spring(self, write: Write | None, moment: Moment) -> bool:
        """End the writer if this is the moment; returns whether it was."""
        trap = self.trap
        if write is None or trap is None or not write.name.startswith(trap.prefix) or not trap.is_due(moment):
            return False
        trap.kill()
        trap.sprung = write
        return True

    def about(self, prefix: str) -> list[Write]:
        """Return the writes about objects whose name starts with `prefix`."""
        return [write for write in list(self.writes) if write.name.startswith(prefix)]


def _find_name(exchange: Exchange) -> str:
    if exchange.method == "POST":
        return str(json.loads(exchange.body or b"{}").get("metadata", {}).get("name", ""))
    parts = exchange.path.partition("?")[0].split("/")
    return parts[-2] if parts[-1] == "status" else parts[-1]

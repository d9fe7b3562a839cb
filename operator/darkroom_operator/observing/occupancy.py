"""Which runs of each namespace have a Job that may work, and which of the others wait for one of these to end.

Owns the counting of a namespace's runs and the choice of whom to wake. The store keeps it up to date. Must not know how
many runs a namespace may have.
"""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_operator.api.resources import Key

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RUNS: Final = frozenset({"Model", "Evaluation", "Prediction"})


class Occupancy:
    """Runs by namespace. An inspection is not a run: whoever waits for data must not wait behind its training."""

    def __init__(self) -> None:
        self._holding: dict[str, set[Key]] = defaultdict(set)
        self._waiting: dict[str, dict[Key, datetime]] = defaultdict(dict)

    def count_others(self, key: Key) -> int:
        """Return how many other runs of the namespace have a Job."""
        holding = self._holding.get(key.namespace, ())
        return len(holding) - (key in holding)

    def take_in(self, key: Key, created_at: datetime | None, reason: str | None) -> None:
        """Take note of whether a run says that it waits."""
        if key.kind not in _RUNS:
            return
        if reason == Reason.WAITING_FOR_QUOTA:
            self._waiting[key.namespace][key] = created_at or _LONG_AGO
        else:
            self.forget_waiting(key)

    def hold(self, key: Key, holds: bool) -> Key | None:
        """Take note of whether a run has a Job; return whom to wake where it has one no more: who waits longest."""
        if key.kind not in _RUNS:
            return None
        if holds:
            self._holding[key.namespace].add(key)
            return None
        holding = self._holding.get(key.namespace, set())
        if key not in holding:
            return None
        holding.discard(key)
        if not holding:
            del self._holding[key.namespace]
        waiting = self._waiting.get(key.namespace, {})
        return min((other for other in waiting if other not in holding), key=lambda other: waiting[other], default=None)

    def forget_waiting(self, key: Key) -> None:
        """Take note that a run waits no more, or is gone."""
        waiting = self._waiting.get(key.namespace, {})
        waiting.pop(key, None)
        if not waiting:
            self._waiting.pop(key.namespace, None)

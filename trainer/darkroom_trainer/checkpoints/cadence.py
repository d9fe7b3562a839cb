"""How often a training writes checkpoints, from what they were measured to cost.

Owns the interval; pure. All seconds are charged seconds. A kill loses what came after the last checkpoint: at most 5 %
of the budget. Writing costs at most 2 %, which wins where a save takes so long that both cannot hold.
"""

import collections
import statistics
from typing import Final

LONGEST_INTERVAL_SECONDS: Final = 10.0
"""Where saves are cheap there is no reason to lose more."""
MAX_OVERHEAD: Final = 0.02
LONGEST_PAUSE_SECONDS: Final = 30.0
"""After a save that failed."""
MAX_LOST: Final = 0.04
"""Of the budget, between two saves; the step and the save at its end are lost on top."""
REMEMBERED_SAVES: Final = 5


class Cadence:
    """When the next save of one run is due; `at` is what the meter says."""

    def __init__(self, budget_seconds: float | None, at: float) -> None:
        wanted = LONGEST_INTERVAL_SECONDS if budget_seconds is None else MAX_LOST * budget_seconds
        self._wanted_seconds = min(LONGEST_INTERVAL_SECONDS, wanted)
        self._costs: collections.deque[float] = collections.deque(maxlen=REMEMBERED_SAVES)
        self._last_at = at
        self._pause_seconds = 0.0

    @property
    def save_seconds(self) -> float:
        """Return what a save takes: the median of the last ones, since one slow answer says little."""
        return statistics.median_low(self._costs) if self._costs else 0.0

    @property
    def interval_seconds(self) -> float:
        """Return how long to wait between two saves."""
        return max(self._wanted_seconds, self.save_seconds / MAX_OVERHEAD)

    def is_due(self, at: float) -> bool:
        """Return whether the interval is over; a meter that was set back counts as one."""
        return abs(at - self._last_at) >= max(self.interval_seconds, self._pause_seconds)

    def note(self, began_at: float, ended_at: float) -> None:
        """Take what a save cost, and wait from its end."""
        self._costs.append(ended_at - began_at)
        self._last_at, self._pause_seconds = ended_at, 0.0

    def postpone(self, began_at: float, ended_at: float) -> None:
        """Wait after a save that failed, for longer where it took long: an outage should not hold up the training."""
        self._last_at = ended_at
        self._pause_seconds = min(LONGEST_PAUSE_SECONDS, (ended_at - began_at) / MAX_OVERHEAD)

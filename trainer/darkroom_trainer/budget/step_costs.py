"""What the last steps of a window cost, and what that says of the next; pure.

All numbers are charged seconds. Must not decide what follows.
"""

import statistics
from collections import deque
from typing import Final

KEPT_STEPS: Final = 50
RECENT_STEPS: Final = 10
RECENT_SECONDS: Final = 2.0
"""So many steps, and for as long, tell how fast a machine is now; a hiccup of some short steps does not."""


class StepCosts:
    """The costs of the last KEPT_STEPS steps."""

    def __init__(self) -> None:
        self._costs: deque[float] = deque(maxlen=KEPT_STEPS)

    def __len__(self) -> int:
        return len(self._costs)

    def add(self, cost: float) -> None:
        """Take in the newest step's cost."""
        self._costs.append(cost)

    @property
    def high(self) -> float:
        """Return the 95th percentile; 0 before the first step."""
        return sorted(self._costs)[int(0.95 * (len(self._costs) - 1))] if self._costs else 0.0

    @property
    def highest(self) -> float:
        """Return the slowest one's; 0 before the first step."""
        return max(self._costs, default=0.0)

    def recent_median(self, least_steps: int = RECENT_STEPS) -> float | None:
        """Return what a step takes now: the median of RECENT_STEPS, of more where these took less than RECENT_SECONDS.

        None where there were fewer than `least_steps`.
        """
        recent: list[float] = []
        seconds = 0.0
        for cost in reversed(self._costs):
            if len(recent) >= RECENT_STEPS and seconds >= RECENT_SECONDS:
                break
            recent.append(cost)
            seconds += cost
        return statistics.median(recent) if len(recent) >= max(1, least_steps) else None

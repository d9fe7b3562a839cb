"""Whether this process may write: a latch that falls shut by itself unless the lease keeps being renewed.

Owns the clock that decides it. Must not know how a lease is renewed, or what is written.
"""

import time
from collections.abc import Callable
from typing import Final

FOR_EVER: Final = float("inf")

Clock = Callable[[], float]


def read_boot_clock() -> float:
    """Return seconds on a clock that goes on while this process is stopped and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Fence:
    """Shut at first; open until the moment that the last renewal allows."""

    def __init__(self, clock: Clock = read_boot_clock) -> None:
        self._clock = clock
        self._open_until = float("-inf")

    def open_until(self, moment: float) -> None:
        """Let writes through until `moment` on the fence's clock."""
        self._open_until = moment

    def shut(self) -> None:
        """Let nothing through from now on."""
        self._open_until = float("-inf")

    def is_open(self) -> bool:
        """Return whether a write may be sent now."""
        return self._clock() < self._open_until

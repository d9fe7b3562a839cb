"""Whether this process may write: an election's terms, and a latch that shuts by itself unless the Lease is renewed.

Owns the clock that decides it, and the check of the terms: with wrong times two replicas could write at once. Must not
know how a Lease is renewed, or what is written.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FOR_EVER: Final = float("inf")

Clock = Callable[[], float]


def read_boot_clock() -> float:
    """Return seconds on a clock that goes on while this process is stopped and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class TermsError(ValueError):
    """An election cannot be held on these terms; the message says why."""


@dataclass(frozen=True)
class LeaseTerms:
    """Where the Lease is, who asks for it, and its times in seconds."""

    namespace: str
    name: str
    identity: str
    lease_seconds: int = 15
    renew_seconds: int = 10
    retry_seconds: int = 2

    def __post_init__(self) -> None:
        """Refuse terms with which a leader could write after another took over."""
        if not self.namespace or not self.name:
            raise TermsError("--lease must be NAMESPACE/NAME")
        if not self.lease_seconds > self.renew_seconds > 2 * self.retry_seconds > 0:
            raise TermsError("the lease must be longer than its renewal, and that longer than two retries")


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

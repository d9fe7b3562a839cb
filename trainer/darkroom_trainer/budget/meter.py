"""What a run costs: reference-device seconds on a monotonic clock.

Owns the one number that the budget is compared with. Must not read the wall clock, and must never go back behind what
earlier attempts were charged.
"""

import os
import pathlib
import time
from collections.abc import Callable
from typing import Final

from darkroom_api import report

Clock = Callable[[], float]

_STAT: Final = pathlib.Path("/proc/self/stat")
_START_TIME_FIELD: Final = 19
"""Field 22 of proc(5)'s stat, counted from the first one after the command's closing bracket."""


class Meter:
    """Charges `devices x milli_rate / 1000` reference-device seconds for each second of `clock` since `started_at`.

    `carried_seconds` is what earlier attempts were charged for work that they kept. Devices may join and leave: what is
    charged is the integral over time of those that take part.
    """

    def __init__(
        self,
        *,
        devices: int = 1,
        milli_rate: int = 1000,
        started_at: float | None = None,
        carried_seconds: float = 0.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self._clock = clock
        self._devices = devices
        self._milli_rate = milli_rate
        self._began_at = self._started_at = self._changed_at = clock() if started_at is None else started_at
        self._charged_before = self._held_before = 0.0
        """What was charged and held by other numbers of devices than there are now: until `changed_at`, `began_at`."""
        self._carried_seconds = self._kept_seconds = carried_seconds

    @property
    def rate(self) -> float:
        """Return the reference-device seconds that one second on the clock costs."""
        return self._devices * self._milli_rate / 1000

    @property
    def carried_seconds(self) -> float:
        """Return what earlier attempts were charged."""
        return self._carried_seconds

    @property
    def charged_seconds(self) -> float:
        """Return what has been charged so far, over all attempts."""
        charged = max(0.0, self._clock() - self._changed_at) * self.rate + self._charged_before
        return self._carried_seconds + max(0.0, charged)

    @property
    def held_seconds(self) -> float:
        """Return what this process has held its devices for, in reference-device seconds, kept work or not."""
        return max(0.0, self._clock() - self._began_at) * self.rate + self._held_before

    def read_clock(self) -> float:
        """Return the time on the clock, to say later since when work counts for nothing."""
        return self._clock()

    def join(self, devices: int) -> None:
        """Charge for so many devices more from now on."""
        self._change(devices)

    def leave(self, devices: int, since: float | None = None) -> None:
        """Charge for so many devices less from now on.

        Where their work since a time on the clock is lost, what they were charged for it is given back; never more than
        this attempt was charged.
        """
        self._change(-devices)
        if since is not None:
            lost_seconds = max(0.0, self._changed_at - max(since, self._started_at))
            self._charged_before -= devices * lost_seconds * self._milli_rate / 1000

    def _change(self, devices: int) -> None:
        now = self._clock()
        self._charged_before += max(0.0, now - self._changed_at) * self.rate
        self._held_before += max(0.0, now - self._began_at) * self.rate
        self._began_at = self._changed_at = now
        self._devices += devices

    def alone(self) -> "Meter":
        """Return a meter that goes on from here for one of these devices, where each does work of its own."""
        return Meter(milli_rate=self._milli_rate, carried_seconds=self.charged_seconds, clock=self._clock)

    def begin(self) -> None:
        """Charge from now on: loading the program is start-up, as pulling the image is, and no attempt pays for it."""
        self._start()

    def _start(self) -> None:
        self._started_at = self._changed_at = self._clock()
        self._charged_before = 0.0

    def carry(self, charged_seconds: float) -> None:
        """Take over what earlier attempts were charged, where that is more than was known."""
        self._carried_seconds = self._kept_seconds = max(self._carried_seconds, charged_seconds)

    def resume(self, charged_seconds: float) -> None:
        """Go on from a checkpoint's value: what this attempt took to get back to it is not charged again.

        What was charged for later work stays charged, though a checkpoint of it can no longer be used.
        """
        self.carry(charged_seconds)
        self._start()

    def keep(self, charged_seconds: float | None = None) -> None:
        """Note what a checkpoint holds: everything charged so far, where nothing else is given."""
        self._kept_seconds = self.charged_seconds if charged_seconds is None else charged_seconds

    def to_report(self, budget_seconds: float | None = None, *, kept_only: bool = False) -> report.Meter:
        """Return the meter as an Outcome carries it; never above the budget, which is the most that is ever billed.

        `kept_only` leaves out what no checkpoint holds: an attempt that the infrastructure ended pays for nothing else.
        """
        charged = self._kept_seconds if kept_only else self.charged_seconds
        charged = charged if budget_seconds is None else min(charged, budget_seconds)
        return report.Meter(charged_seconds=round(charged, 3), devices=self._devices, milli_rate=self._milli_rate)


def observe_process_start() -> float:
    """Return when this process started, on `time.monotonic`'s scale; now, where the kernel does not tell."""
    now = time.monotonic()
    try:
        fields = _STAT.read_text().rpartition(")")[2].split()
        started_after_boot = int(fields[_START_TIME_FIELD]) / os.sysconf("SC_CLK_TCK")
        age_seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - started_after_boot
    except (OSError, ValueError, IndexError, AttributeError):
        return now
    return now - max(0.0, age_seconds)

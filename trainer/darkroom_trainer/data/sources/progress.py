"""Counts of images as progress reports, not more than one a second. Must not do: decide what is counted."""

import time
from collections.abc import Callable
from typing import Final

from darkroom_trainer.runtime.reporting import Reporter

_REPORT_EVERY_SECONDS: Final = 1.0

ShowProgress = Callable[[int, int], None]


def build_progress(reporter: Reporter, verb: str, *, show_percent: bool = False) -> ShowProgress:
    """Return a callback that reports counts at most once a second; the percentage only where this is the whole run."""
    is_due = _Interval()

    def show(done: int, total: int) -> None:
        if done >= total or is_due():
            percent = 100 * done // total if show_percent else 0
            reporter.update(percent=percent, stage=f"{verb} images ({done:,} of {total:,})")

    return show


def build_count(reporter: Reporter, verb: str) -> Callable[[int], None]:
    """Return a callback that reports, as often, a count of which the end is not known."""
    is_due = _Interval()

    def show(done: int) -> None:
        if is_due():
            reporter.update(percent=0, stage=f"{verb} images ({done:,} so far)")

    return show


class _Interval:
    """Says at most once a second that it is time."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self) -> bool:
        """Return whether a second has passed since it last did."""
        now = time.monotonic()
        if now - self._last < _REPORT_EVERY_SECONDS:
            return False
        self._last = now
        return True

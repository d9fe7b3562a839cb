"""Counts of images as progress reports, not more than one a second. Must not do: decide what is counted."""

import time
from collections.abc import Callable
from typing import Final

from darkroom_trainer.runtime.reporting import Reporter

_REPORT_EVERY_SECONDS: Final = 1.0

ShowProgress = Callable[[int, int], None]


def build_progress(reporter: Reporter, verb: str, *, show_percent: bool = False) -> ShowProgress:
    """Return a callback that reports counts at most once a second; the percentage only where this is the whole run."""
    last = 0.0

    def show(done: int, total: int) -> None:
        nonlocal last
        if done < total and time.monotonic() - last < _REPORT_EVERY_SECONDS:
            return
        last = time.monotonic()
        percent = 100 * done // total if show_percent else 0
        reporter.update(percent=percent, stage=f"{verb} images ({done:,} of {total:,})")

    return show

"""What a run is told whose budget is too small: the least that would do, and what would do well.

Owns these numbers and their words; pure. Must not decide that a budget is too small: the ledger does.
"""

import math
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.durations import format_duration
from darkroom_trainer.runtime.errors import RunError

ROUNDING_MARGIN: Final = 1.2
"""The minimum and the suggestion are meant for another run, which may start a little slower."""
SUGGESTED_FACTOR: Final = 6
"""The suggestion pays for so many least useful trainings."""


def refuse_budget(budget_seconds: float, minimum_seconds: float, suggested_seconds: float, images: int) -> RunError:
    """Return the end of a run whose budget cannot hold one useful training on so many images."""
    least = round_up(max(minimum_seconds * ROUNDING_MARGIN, budget_seconds))
    better = max(round_up(suggested_seconds * ROUNDING_MARGIN), 2 * least)
    message = (
        f"budget {format_duration(budget_seconds)} is not enough: at least {format_duration(least)}, "
        f"{format_duration(better)} suggested for {images:,} images at the speed measured here"
    )
    return RunError(Reason.BUDGET_NOT_ENOUGH, message)


def round_up(seconds: float) -> int:
    """Return seconds rounded up to what a person would write: fives, then half minutes, minutes, then ten minutes."""
    for limit, grain in ((60, 5), (300, 30), (3600, 60)):
        if seconds <= limit:
            return grain * math.ceil(seconds / grain)
    return 600 * math.ceil(seconds / 600)

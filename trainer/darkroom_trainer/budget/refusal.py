"""What a run is told whose budget is too small: the least that would do, and what would do well.

Owns these numbers and their words; pure. Must not decide that a budget is too small: the ledger does.
"""

import math
from dataclasses import dataclass
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.durations import format_duration
from darkroom_trainer.budget.lost_work import NOTHING_LOST, LostWork
from darkroom_trainer.runtime.errors import RunError

ROUNDING_MARGIN: Final = 1.2
"""The minimum and the suggestion are meant for another run, which may start a little slower."""
SUGGESTED_FACTOR: Final = 6
"""The suggestion pays for so many least useful trainings."""


@dataclass(frozen=True)
class NeededBudget:
    """What one useful training on so many images takes, and what does well, as measured here."""

    least_seconds: float
    suggested_seconds: float
    images: int


def refuse_budget(budget_seconds: float, needed: NeededBudget, lost: LostWork = NOTHING_LOST) -> RunError:
    """Return the end of a run whose budget, or what is left of it after work was lost, holds no useful training."""
    least = round_up(max(needed.least_seconds * ROUNDING_MARGIN, budget_seconds - lost.charged_seconds))
    better = max(round_up(needed.suggested_seconds * ROUNDING_MARGIN), 2 * least)
    what = f"budget {format_duration(budget_seconds)} is not enough"
    if lost.charged_seconds:
        what = f"the budget left to begin anew is not enough ({lost.describe_left(budget_seconds)})"
    message = (
        f"{what}: at least {format_duration(least)}, "
        f"{format_duration(better)} suggested for {needed.images:,} images at the speed measured here"
    )
    return RunError(Reason.BUDGET_NOT_ENOUGH, message)


def round_up(seconds: float) -> int:
    """Return seconds rounded up to what a person would write: fives, then half minutes, minutes, then ten minutes."""
    for limit, grain in ((60, 5), (300, 30), (3600, 60)):
        if seconds <= limit:
            return grain * math.ceil(seconds / grain)
    return 600 * math.ceil(seconds / 600)

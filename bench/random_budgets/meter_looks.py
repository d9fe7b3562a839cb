"""Every look that a run takes at its meter, and the most that any of them showed beyond the budget.

Owns the meter that notes them. Must not change what it shows.
"""

import collections
import sys
from dataclasses import dataclass, field
from typing import Final

from darkroom_trainer.budget.meter import Meter

TRAIL_LOOKS: Final = 16


@dataclass
class Excess:
    """The most that a meter has shown beyond the budget, in charged seconds; below 0 it never did.

    `seen_by` looked at it when it was the most, `first_seen_by` when it was first above the budget.
    """

    seconds: float = float("-inf")
    seen_by: str = ""
    first_seen_by: str = ""
    trail: collections.deque[str] = field(default_factory=lambda: collections.deque(maxlen=TRAIL_LOOKS))
    """The last looks: when, by whom."""

    def note(self, seconds: float) -> None:
        """Take a look at the meter, `seconds` beyond the budget."""
        if seconds > self.seconds:
            self.seconds, self.seen_by = seconds, name_caller()
            self.first_seen_by = self.first_seen_by or (self.seen_by if seconds > 0 else "")
            self.trail.append(f"{seconds:+.2f} s {self.seen_by}")


def build_meter(budget_seconds: float, excess: Excess) -> type[Meter]:
    """Return a meter that notes the most that it ever shows beyond the budget: uncapped, at the end of every unit."""

    class NotingMeter(Meter):
        @property
        def charged_seconds(self) -> float:
            charged = super().charged_seconds
            excess.note(charged - budget_seconds)
            return charged

    return NotingMeter


def name_caller() -> str:
    """Return the innermost function outside of this module and the meter's that looks at the clock."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.endswith(("meter_looks.py", "meter.py")):
        frame = frame.f_back
    return frame.f_code.co_qualname

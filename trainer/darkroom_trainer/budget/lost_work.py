"""What earlier attempts were charged for, and what a run that cannot go on from it is told.

Owns these words; pure. Must not decide what can be used: that is `checkpoints`'.
"""

from dataclasses import dataclass
from typing import Final

from darkroom_api.durations import format_duration


@dataclass(frozen=True)
class LostWork:
    """Work that a run has to do again; `why` goes on after "the checkpoints of earlier attempts", empty without any."""

    charged_seconds: float = 0.0
    why: str = ""

    def describe_left(self, budget_seconds: float) -> str:
        """Return how much of the budget is left to begin anew with, and why that has to be."""
        left = format_duration(budget_seconds - self.charged_seconds)
        cause = f", since the checkpoints of earlier attempts {self.why}" if self.why else ""
        return f"{left} of {format_duration(budget_seconds)}{cause}"


NOTHING_LOST: Final = LostWork()

"""The Models of the soak: what each is, and the end that it must come to. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEAST_BUDGET_SECONDS: Final = 6
BUDGET_SPREAD: Final = 5
CANCELLED_BUDGET_SECONDS: Final = 60
"""So long that it cannot end by itself before it is cancelled."""
GOOD_DATASET, BAD_DATASET = "good", "bad"


class Part(StrEnum):
    """What a Model is there for."""

    PLAIN = "plain"
    POOR = "poor"
    """A budget that no training fits into."""
    HOPELESS = "hopeless"
    """Its Dataset is invalid."""
    CANCELLED = "cancelled"
    """`spec.cancel` is set while it works or waits."""
    SUSPENDED = "suspended"
    """`spec.suspend` is set for a while."""


ENDS: Final = {
    Part.PLAIN: "Succeeded",
    Part.SUSPENDED: "Succeeded",
    Part.POOR: "Failed",
    Part.HOPELESS: "Failed",
    Part.CANCELLED: "Cancelled",
}
REASONS: Final = {Part.POOR: "BudgetNotEnough", Part.HOPELESS: "DatasetCorrupt"}
_TURNS: Final = (
    *(Part.PLAIN, Part.PLAIN, Part.POOR, Part.PLAIN, Part.SUSPENDED),
    *(Part.PLAIN, Part.HOPELESS, Part.PLAIN, Part.CANCELLED, Part.PLAIN),
)


@dataclass(frozen=True)
class Sleeper:
    """One Model of the soak."""

    name: str
    part: Part
    budget_seconds: int

    @property
    def dataset(self) -> str:
        """Return the name of its Dataset."""
        return BAD_DATASET if self.part is Part.HOPELESS else GOOD_DATASET


def plan_sleepers(count: int) -> list[Sleeper]:
    """Return the Models, their parts in turn."""
    return [_plan(number, _TURNS[number % len(_TURNS)]) for number in range(count)]


def _plan(number: int, part: Part) -> Sleeper:
    budgets = {Part.POOR: 1, Part.CANCELLED: CANCELLED_BUDGET_SECONDS}
    budget = budgets.get(part, LEAST_BUDGET_SECONDS + number % BUDGET_SPREAD)
    return Sleeper(f"{part.value}-{number:03}", part, budget)

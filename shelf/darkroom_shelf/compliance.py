"""How far a shelf is as planned: shares of positions, over all and by product and fixture.

Owns the four states of a position. Must not decide what stands where.
"""

import enum
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom_shelf.detections import DetectedObject
from darkroom_shelf.matching import Matching
from darkroom_shelf.planogram import Planogram


class PositionState(enum.StrEnum):
    """What is at a position."""

    AS_PLANNED = "asPlanned"
    MISSING = "missing"
    """A gap."""
    MISPLACED = "misplaced"
    """Another product."""
    NOT_SEEN = "notSeen"
    """Nothing near: perhaps the photo does not show it."""


@dataclass(frozen=True)
class Compliance:
    """The state of each position, and what belongs to none."""

    planogram: Planogram
    states: dict[str, PositionState]
    """By the positions' ids."""
    extra: tuple[DetectedObject, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the answer of the route."""
        positions = self.planogram.positions
        by_product, by_fixture = defaultdict(list), defaultdict(list)
        for position in positions:
            by_product[position.product.id].append(self.states[position.id])
            by_fixture[position.fixture.id].append(self.states[position.id])
        products = [
            {"productId": one.id, "name": one.name, **_count(by_product[one.id])}
            for one in self.planogram.products
            if one.id in by_product
        ]
        fixtures = [
            {"fixtureId": one.id, **_count(by_fixture[one.id])}
            for one in self.planogram.fixtures
            if one.id in by_fixture
        ]
        return {
            "compliance": _count(self.states.values()),
            "products": products,
            "fixtures": fixtures,
            "positions": [{"positionId": one.id, "state": str(self.states[one.id])} for one in positions],
            "unplannedObjects": [item.to_json() for item in self.extra],
        }


def _count(states: Iterable[PositionState]) -> dict[str, Any]:
    """Return how many positions there are, how many in each state, and the share of those as planned."""
    counts = Counter(states)
    total = counts.total()
    shares = {f"{state}Share": round(counts[state] / total, 4) for state in PositionState}
    return {"positions": total, **{str(state): counts[state] for state in PositionState}, **shares}


def measure_compliance(planogram: Planogram, detected: Sequence[DetectedObject], matching: Matching) -> Compliance:
    """Return how far what was matched is as planned."""
    states = dict.fromkeys((one.id for one in planogram.positions), PositionState.NOT_SEEN)
    for match in matching.matches:
        states[match.position.id] = _judge(match.detected, match.position.product.name)
    matched = {match.detected.id for match in matching.matches}
    return Compliance(planogram, states, tuple(item for item in detected if item.id not in matched))


def _judge(detected: DetectedObject, planned: str) -> PositionState:
    if detected.fulfils(planned):
        return PositionState.AS_PLANNED
    return PositionState.MISSING if detected.is_gap else PositionState.MISPLACED

"""Which detection stands at which position of a planogram: find the map, assign, let moved boards have their order.

Owns the order of these steps, and an answer that does not depend on the order of what is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkroom_shelf.assignment import Pairs, assign, find_pairs
from darkroom_shelf.boards import find_moved, list_rows
from darkroom_shelf.detections import DetectedObject
from darkroom_shelf.places import AffineMap, Flags, Places, build_places
from darkroom_shelf.placing import find_map
from darkroom_shelf.planogram import Planogram, Position


@dataclass(frozen=True)
class Match:
    """A position and what stands there: the right product, another one, or a gap."""

    position: Position
    detected: DetectedObject


@dataclass(frozen=True)
class Matching:
    """All matches in the order of the planogram, and where it lies on the photo (None where nothing was seen)."""

    matches: tuple[Match, ...]
    onto: AffineMap | None

    def to_json(self) -> dict[str, Any]:
        """Return the answer of the route."""
        found = [{"positionId": one.position.id, "detectedObject": one.detected.to_json()} for one in self.matches]
        return {"matchingResultPerPosition": found}


def match_planogram(planogram: Planogram, detected: Sequence[DetectedObject]) -> Matching:
    """Return what stands at each position near which something was seen; nothing stands at two."""
    if not detected:
        return Matching((), None)
    positions = sorted(planogram.positions, key=lambda one: (one.x, one.y, one.product.name, one.id))
    objects = sorted(detected, key=lambda one: (one.x, one.y, one.width, one.height, one.name, one.id))
    planned, seen = build_places(positions, objects)
    onto = find_map(planned, seen)
    by_place = assign(find_pairs(planned, seen, onto), len(planned), len(seen))
    moved = find_moved(list_rows(positions, planned), planned, seen, onto, by_place)
    pairs = _join(moved, by_place if not len(moved) else _assign_others(planned, seen, onto, moved))
    found = {positions[at].id: objects[which] for at, which in pairs}
    return Matching(tuple(Match(one, found[one.id]) for one in planogram.positions if one.id in found), onto)


def _assign_others(planned: Places, seen: Places, onto: AffineMap, fixed: Pairs) -> Pairs:
    """Return the pairs by place of all that is in none of `fixed`."""
    rows, columns = _find_rest(len(planned), fixed.positions), _find_rest(len(seen), fixed.detections)
    rest_planned, rest_seen = planned.keep(rows), seen.keep(columns)
    found = assign(find_pairs(rest_planned, rest_seen, onto), len(rest_planned), len(rest_seen))
    return Pairs(np.flatnonzero(rows)[found.positions], np.flatnonzero(columns)[found.detections], found.costs)


def _find_rest(count: int, taken: Any) -> Flags:
    rest = np.ones(count, np.bool_)
    rest[taken] = False
    return rest


def _join(*parts: Pairs) -> list[tuple[int, int]]:
    return [pair for part in parts for pair in zip(part.positions.tolist(), part.detections.tolist(), strict=True)]

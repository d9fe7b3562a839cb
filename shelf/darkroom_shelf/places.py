"""Planned positions and detections as arrays, and the map that takes planned places onto a photo.

Owns the affine map and how it is fitted. Must not decide what belongs together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from darkroom_shelf.detections import ANY_PRODUCT, DetectedObject
from darkroom_shelf.planogram import Position

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

ANY: Final = -1
"""The code of a product whose name nobody knows."""
GAP: Final = -2
FIT_ROUNDS: Final = 4
_OUTLIER: Final = 0.3
"""Product sizes by which a pair is off before it counts half."""
_STIFFNESS: Final = 0.5
"""How many pairs the map of before counts as: few pairs, or those of one board, do not tilt it."""


@dataclass(frozen=True)
class Places:
    """Rectangles by their middles and sizes (N, 2), with a code for each name."""

    middles: Floats
    sizes: Floats
    names: Ints

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.names)

    @property
    def is_gap(self) -> Flags:
        """Return which of them are empty."""
        return np.asarray(self.names == GAP)

    def keep(self, chosen: Ints | Flags) -> "Places":
        """Return some of them."""
        return Places(self.middles[chosen], self.sizes[chosen], self.names[chosen])


@dataclass(frozen=True)
class AffineMap:
    """From the planogram's units to pixels: `linear` (2, 2) and `offset` (2,)."""

    linear: Floats
    offset: Floats

    @property
    def scale(self) -> Floats:
        """Return the pixels of one unit along each side."""
        return np.asarray(np.abs(np.diag(self.linear)))

    def apply(self, points: Floats) -> Floats:
        """Return where points (N, 2) lie on the photo."""
        return points @ self.linear.T + self.offset

    def invert(self, points: Floats) -> Floats:
        """Return where points (N, 2) of the photo lie in the planogram."""
        return np.asarray(np.linalg.solve(self.linear, (points - self.offset).T).T, dtype=np.float64)


def find_agreeing(planned_names: Ints, seen_names: Ints) -> Flags:
    """Return which products are as planned, pair by pair: one whose name nobody knows is."""
    return np.asarray((seen_names == planned_names) | (seen_names == ANY))


def build_map(scale: Floats, offset: Floats) -> AffineMap:
    """Return the map without a turn or a slant."""
    return AffineMap(np.diag(scale), offset)


def build_places(positions: Sequence[Position], objects: Sequence[DetectedObject]) -> tuple[Places, Places]:
    """Return both as arrays, whose codes of names agree."""
    codes: dict[str, int] = {ANY_PRODUCT: ANY}
    for position in positions:
        codes.setdefault(position.product.name, len(codes))
    for item in objects:
        codes.setdefault(item.name, len(codes))
    planned = [(each.x, each.y, each.product.width, each.product.height) for each in positions]
    seen = [(item.x, item.y, item.width, item.height) for item in objects]
    planned_names = [codes[each.product.name] for each in positions]
    seen_names = [GAP if item.is_gap else codes[item.name] for item in objects]
    return _build(planned, planned_names), _build(seen, seen_names)


def _build(boxes: Sequence[tuple[float, float, float, float]], names: Sequence[int]) -> Places:
    corners = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    sizes = corners[:, 2:]
    return Places(corners[:, :2] + sizes / 2, sizes, np.array(names, dtype=np.int64))


def fit_map(planned: Places, seen: Places, weights: Floats, before: AffineMap) -> AffineMap:
    """Return the map that takes places onto those seen, pair by pair; pairs that are far off hardly count.

    Where pairs do not tell, as the height of a single board does not, the map stays as `before`.
    """
    scale = before.scale
    center = np.average(planned.middles, axis=0, weights=weights)
    spread = np.maximum(planned.middles.std(axis=0), planned.sizes.mean(axis=0))
    points = np.column_stack([(planned.middles - center) / spread, np.ones(len(planned))])
    stiffness = np.diag([_STIFFNESS, _STIFFNESS, 0.0])
    prior = np.vstack([(before.linear * spread).T, before.apply(center[None])])
    found = prior
    for _ in range(FIT_ROUNDS):
        off = (points @ found - seen.middles) / (planned.sizes * scale)
        trust = weights / (1 + (np.hypot(off[:, 0], off[:, 1]) / _OUTLIER) ** 2)
        weighted = points * trust[:, None]
        found = np.linalg.solve(points.T @ weighted + stiffness, weighted.T @ seen.middles + stiffness @ prior)
    linear = found[:2].T / spread
    return AffineMap(linear, found[2] - linear @ center)

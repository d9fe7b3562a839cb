"""The boards of a planogram, and those on which the products moved along together.

Owns which positions make a board's row, and when its alignment says more than the place of each product.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_shelf.assignment import Pairs
from darkroom_shelf.board_alignment import BoardRow, align
from darkroom_shelf.places import AffineMap, Floats, Ints, Places, find_agreeing
from darkroom_shelf.planogram import Position

LEAST_POSITIONS: Final = 3
LEAST_SHARE: Final = 0.7
"""Of the shorter of both rows that has to be as planned: products in any order reach half of it by chance."""
LEAST_GAIN: Final = 2
"""Positions that have to be as planned by the order and are not by their places: two exchanged products give one."""
_STRAY: Final = 0.6
"""Product widths that another product may be off where the board's products have moved to."""


@dataclass(frozen=True)
class Row:
    """Positions that stand on one board at one height, from left to right."""

    positions: Ints
    foot: float
    height: float
    width: float
    """Of a product, the median."""
    begin: float
    end: float


def list_rows(positions: Sequence[Position], planned: Places) -> list[Row]:
    """Return the rows of all boards; products on top of others make a row of their own."""
    on_board: dict[str, list[int]] = defaultdict(list)
    for index, position in enumerate(positions):
        on_board[position.fixture.id].append(index)
    return [row for indices in on_board.values() for row in _split_by_height(np.array(indices), planned)]


def _split_by_height(indices: Ints, planned: Places) -> Iterator[Row]:
    feet = planned.middles[:, 1] + planned.sizes[:, 1] / 2
    indices = indices[np.argsort(feet[indices], kind="stable")]
    is_next = np.diff(feet[indices]) > planned.sizes[indices, 1].min() / 2
    for part in np.split(indices, np.flatnonzero(is_next) + 1):
        row = part[np.argsort(planned.middles[part, 0], kind="stable")]
        middles, sizes = planned.middles[row, 0], planned.sizes[row]
        width, height = np.median(sizes, axis=0)
        yield Row(row, float(np.median(feet[row])), height, width, float(middles.min()), float(middles.max()))


def find_moved(rows: Sequence[Row], planned: Places, seen: Places, onto: AffineMap, by_place: Pairs) -> Pairs:
    """Return the pairs of the rows that agree with the plan by their order, and not by their places."""
    agrees = find_agreeing(planned.names[by_place.positions], seen.names[by_place.detections])
    middles = onto.invert(seen.middles)
    feet = onto.invert(seen.middles + np.column_stack([np.zeros(len(seen)), seen.sizes[:, 1] / 2]))[:, 1]
    free = ~seen.is_gap
    free[by_place.detections[agrees]] = False
    is_right = np.zeros(len(planned), np.bool_)
    is_right[by_place.positions[agrees]] = True
    own = np.full(len(planned), -1)
    own[by_place.positions] = by_place.detections
    found: list[tuple[int, int]] = []
    for row in rows:
        right = is_right[row.positions]
        if len(row.positions) < LEAST_POSITIONS or (~right).sum() < LEAST_GAIN:
            continue
        # What agrees by place on this board may be given up for the order of all of it; on others it is taken.
        candidates = free.copy()
        candidates[own[row.positions[right]]] = True
        on_row = candidates & (np.abs(feet - row.foot) < row.height / 2)
        on_row &= (middles[:, 0] > row.begin - 2 * row.width) & (middles[:, 0] < row.end + 2 * row.width)
        pairs = _align_row(row, planned, seen, middles[:, 0], np.flatnonzero(on_row), int(right.sum()))
        free[[detection for _, detection in pairs]] = False
        found += pairs
    columns = np.array(found, dtype=np.int64).reshape(-1, 2)
    return Pairs(columns[:, 0], columns[:, 1], np.zeros(len(columns)))


def _align_row(
    row: Row, planned: Places, seen: Places, x: Floats, on_row: Ints, num_right: int
) -> list[tuple[int, int]]:
    """Return the pairs of one row by its order; none where that says no more than the places do."""
    on_row = on_row[np.argsort(x[on_row], kind="stable")]
    if not len(on_row):
        return []
    planned_row = BoardRow(planned.middles[row.positions, 0], planned.names[row.positions])
    aligned = np.array(align(planned_row, BoardRow(x[on_row], seen.names[on_row]), row.width)).reshape(-1, 2)
    at, detections = aligned[:, 0].astype(np.int64), on_row[aligned[:, 1].astype(np.int64)]
    same = planned_row.names[at] == seen.names[detections]
    if same.sum() < max(LEAST_SHARE * min(len(row.positions), len(on_row)), num_right + LEAST_GAIN):
        return []
    moved = x[detections] - planned_row.x[at]
    stays = same | (np.abs(moved - np.median(moved[same])) < _STRAY * row.width)
    return list(zip(row.positions[at[stays]].tolist(), detections[stays].tolist(), strict=True))

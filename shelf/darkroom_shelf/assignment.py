"""Which detection goes to which position under a map, so that all together cost least.

Owns what a pair costs. Memory is bounded: of each position only the nearest detections are looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from darkroom_shelf.places import AffineMap, Floats, Ints, Places, find_agreeing

OTHER_NAME: Final = 0.5
"""What another product at a place costs, in product sizes: it has to be twice as near as the right one."""
EMPTY: Final = 0.15
OTHER_SIZE: Final = 0.25
"""For each factor e in a side's length, up to a factor e in all: what is not as planned may be of another size."""
LEFT_ALONE: Final = 1.0
"""What a position without a detection costs; so no pair costs more."""
MAX_NEAR: Final = 16
"""Detections that are weighed for one position. Where more lie within its size, the cheapest are."""
HALF_WINDOW: Final = 200
"""Detections to each side along the boards that are looked at for one position: what stands on a hundred boards."""
_CHUNK: Final = 1 << 10
"""Positions whose pairs are looked at together: at most 400,000, in some 30 MB."""


@dataclass(frozen=True)
class Pairs:
    """Indices of positions and detections that may go together, and what each pair costs; sorted by position."""

    positions: Ints
    detections: Ints
    costs: Floats

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.costs)

    def keep(self, chosen: Ints) -> "Pairs":
        """Return some of them."""
        return Pairs(self.positions[chosen], self.detections[chosen], self.costs[chosen])


def find_pairs(planned: Places, seen: Places, onto: AffineMap, reach: float = 1.0) -> Pairs:
    """Return the pairs that cost less than leaving the position alone; a distance of `reach` product sizes costs 1."""
    parts = list(_list_pairs(planned, seen, onto, reach))
    if not parts:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    positions, detections, costs = (
        np.concatenate(column)
        for column in zip(*((part.positions, part.detections, part.costs) for part in parts), strict=True)
    )
    return Pairs(positions, detections, costs)


def _list_pairs(planned: Places, seen: Places, onto: AffineMap, reach: float) -> Iterator[Pairs]:
    """Yield pairs of some positions at a time: of those detections whose middle lies within reach along the board."""
    middles, sizes = onto.apply(planned.middles), planned.sizes * onto.scale
    by_x = np.argsort(seen.middles[:, 0], kind="stable")
    sorted_x = seen.middles[by_x, 0]
    at = np.searchsorted(sorted_x, middles[:, 0])
    begins = np.maximum(np.searchsorted(sorted_x, middles[:, 0] - sizes[:, 0] * reach), at - HALF_WINDOW)
    counts = np.minimum(np.searchsorted(sorted_x, middles[:, 0] + sizes[:, 0] * reach), at + HALF_WINDOW) - begins
    for start in range(0, len(planned), _CHUNK):
        end = start + _CHUNK
        rows = np.repeat(np.arange(start, min(end, len(planned))), counts[start:end])
        firsts = np.cumsum(counts[start:end]) - counts[start:end]
        within = np.arange(len(rows)) - np.repeat(firsts - begins[start:end], counts[start:end])
        columns = by_x[within]
        # As high above its place as reach, at least with its foot: most of what else stands above or below goes here.
        down = np.abs(seen.middles[columns, 1] - middles[rows, 1])
        near = down < sizes[rows, 1] * reach + np.abs(seen.sizes[columns, 1] - sizes[rows, 1]) / 2
        rows, columns = rows[near], columns[near]
        costs = _measure(planned, seen, middles, sizes, rows, columns, reach)
        cheap = np.flatnonzero(costs < LEFT_ALONE)
        yield _keep_cheapest(Pairs(rows[cheap], columns[cheap], costs[cheap]))


def _measure(
    planned: Places, seen: Places, middles: Floats, sizes: Floats, rows: Ints, columns: Ints, reach: float
) -> Floats:
    """Return what pairs cost. Up and down the nearer of middle and foot counts: products of other heights stand too."""
    along = np.abs(seen.middles[columns, 0] - middles[rows, 0]) / sizes[rows, 0]
    down = seen.middles[columns, 1] - middles[rows, 1]
    at_foot = down + (seen.sizes[columns, 1] - sizes[rows, 1]) / 2
    up_down = np.minimum(np.abs(down), np.abs(at_foot)) / sizes[rows, 1]
    names, is_gap = seen.names[columns], seen.is_gap[columns]
    costs: Floats = np.hypot(along, up_down) / reach
    costs += np.where(is_gap, EMPTY, np.where(find_agreeing(planned.names[rows], names), 0.0, OTHER_NAME))
    resized = np.abs(np.log(seen.sizes[columns] / sizes[rows])).sum(axis=1)
    costs += np.where(is_gap, 0.0, OTHER_SIZE * np.minimum(resized, 1.0))
    return costs


def _keep_cheapest(pairs: Pairs) -> Pairs:
    """Return at most MAX_NEAR pairs of each position."""
    order = np.lexsort((pairs.costs, pairs.positions))
    positions = pairs.positions[order]
    ranks = np.arange(len(order)) - np.searchsorted(positions, positions, "left")
    return pairs.keep(order[ranks < MAX_NEAR])


def assign(pairs: Pairs, num_positions: int, num_detections: int) -> Pairs:
    """Return the pairs that cost least together, with no position and no detection in two of them."""
    alone = np.arange(num_positions)
    # Each position may take a column of its own instead of a detection; 1 more on each, as 0 would mean no edge.
    costs = np.concatenate([pairs.costs, np.full(num_positions, LEFT_ALONE)]) + 1.0
    rows = np.concatenate([pairs.positions, alone])
    columns = np.concatenate([pairs.detections, num_detections + alone])
    graph = csr_array((costs, (rows, columns)), shape=(num_positions, num_detections + num_positions))
    positions, chosen = min_weight_full_bipartite_matching(graph)
    taken = {(row, column) for row, column in zip(positions.tolist(), chosen.tolist(), strict=True)}
    is_chosen = [pair in taken for pair in zip(pairs.positions.tolist(), pairs.detections.tolist(), strict=True)]
    return pairs.keep(np.flatnonzero(is_chosen))


def choose_mutual(pairs: Pairs) -> Pairs:
    """Return the pairs that are the cheapest of their position and of their detection: a quick look at a map."""
    of_position = np.full(pairs.positions.max(initial=-1) + 1, np.inf)
    of_detection = np.full(pairs.detections.max(initial=-1) + 1, np.inf)
    np.minimum.at(of_position, pairs.positions, pairs.costs)
    np.minimum.at(of_detection, pairs.detections, pairs.costs)
    best = (pairs.costs == of_position[pairs.positions]) & (pairs.costs == of_detection[pairs.detections])
    return pairs.keep(np.flatnonzero(best))

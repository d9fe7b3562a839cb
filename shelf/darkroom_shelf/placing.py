"""Where a planogram lies on a photo: guesses from sizes, extents and names, of which the best is refined.

Owns the guesses and how they are compared. Must not decide which detection belongs to which position.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from darkroom_shelf.assignment import LEFT_ALONE, Pairs, assign, choose_mutual, find_pairs
from darkroom_shelf.places import GAP, AffineMap, Floats, Ints, Places, build_map, find_agreeing, fit_map

REACHES: Final = (2.0, 1.5, 1.0, 1.0)
"""Product sizes within which pairs are looked for, round by round, while a guess is refined."""
FINAL_ROUNDS: Final = 2
MAX_SAMPLE: Final = 600
"""Detections by which guesses are compared."""
MAX_VOTES: Final = 1_000_000
MAX_VOTERS: Final = 400
MAX_BINS: Final = 512
"""Of votes on an offset, along each side."""
PEAKS: Final = 3
_OTHER_NAME_COUNTS: Final = 0.2
_GAP_COUNTS: Final = 0.02
"""A gap's box is as wide as what is missing, and its middle is that of no position."""
_LEAST_NAMED: Final = 3
_SAME_SCALE: Final = 0.03
"""Two scales that differ by less lead to the same map."""


def find_map(planned: Places, seen: Places) -> AffineMap:
    """Return the map that takes the planned places onto those that were seen; there is at least one of each."""
    sample = _sample(seen, MAX_SAMPLE)
    best, best_score = None, -1.0
    for guess in _list_guesses(planned, sample):
        refined, score = _refine(planned, sample, guess)
        if score > best_score:
            best, best_score = refined, score
    assert best is not None, "there is always a guess"
    for _ in range(FINAL_ROUNDS):
        best = _refit(planned, seen, assign(find_pairs(planned, seen, best), len(planned), len(seen)), best)
    return best


def _refine(planned: Places, seen: Places, guess: AffineMap) -> tuple[AffineMap, float]:
    """Return a guess that was fitted to what is near it, and by how much it beats leaving every position alone."""
    for reach in REACHES:
        guess = _refit(planned, seen, choose_mutual(find_pairs(planned, seen, guess, reach)), guess)
    chosen = choose_mutual(find_pairs(planned, seen, guess))
    return guess, float((LEFT_ALONE - chosen.costs).sum())


def _refit(planned: Places, seen: Places, pairs: Pairs, before: AffineMap) -> AffineMap:
    if not len(pairs):
        return before
    names, at = seen.names[pairs.detections], planned.names[pairs.positions]
    weights = np.where(names == GAP, _GAP_COUNTS, np.where(find_agreeing(at, names), 1.0, _OTHER_NAME_COUNTS))
    fitted = fit_map(planned.keep(pairs.positions), seen.keep(pairs.detections), weights, before)
    # A photo is neither mirrored nor seen from the side: such a fit has gone astray.
    is_plausible = (np.diag(fitted.linear) > 0.5 * before.scale).all() and np.linalg.det(fitted.linear) > 0
    return fitted if is_plausible else before


def _list_guesses(planned: Places, seen: Places) -> Iterator[AffineMap]:
    """Yield maps to try: all of the planogram in view, and for each scale the offsets that most pairs agree on."""
    products = seen.keep(~seen.is_gap) if not seen.is_gap.all() else seen
    for one in (seen, products):
        low, extent = _measure_extent(one)
        planned_low, planned_extent = _measure_extent(planned)
        scale = extent / planned_extent
        yield build_map(scale, low - planned_low * scale)
    voters = _sample(products, max(1, min(MAX_VOTERS, MAX_VOTES // len(planned))))
    by_size = _guess_scale(planned, products)
    scales = [scale] if np.allclose(by_size, scale, rtol=_SAME_SCALE) else [scale, by_size]
    for scale in scales:
        for offset in _vote(planned, voters, scale):
            yield build_map(scale, offset)


def _sample(places: Places, count: int) -> Places:
    """Return at most so many, evenly spread; places come sorted."""
    if len(places) <= count:
        return places
    return places.keep(np.linspace(0, len(places) - 1, count).astype(np.int64))


def _measure_extent(places: Places) -> tuple[Floats, Floats]:
    low = (places.middles - places.sizes / 2).min(axis=0)
    return low, (places.middles + places.sizes / 2).max(axis=0) - low


def _guess_scale(planned: Places, seen: Places) -> Floats:
    """Return pixels for a unit from the sizes of products: of each by its name where names agree, else of all."""
    names, first = np.unique(planned.names, return_index=True)
    at = np.minimum(np.searchsorted(names, seen.names), len(names) - 1)
    named = names[at] == seen.names
    if named.sum() >= _LEAST_NAMED:
        return np.asarray(np.median(seen.sizes[named] / planned.sizes[first[at[named]]], axis=0))
    return np.asarray(np.median(seen.sizes, axis=0) / np.median(planned.sizes, axis=0))


def _vote(planned: Places, seen: Places, scale: Floats) -> Iterator[Floats]:
    """Yield the offsets that most pairs of a position and a detection agree on: first by name, then by place alone."""
    bins = [
        _bin_offsets(
            planned.middles[:, side] * scale[side], seen.middles[:, side], planned.sizes[:, side] * scale[side]
        )
        for side in (0, 1)
    ]
    (columns, across), (rows, down) = bins
    cells = rows * len(across) + columns
    same = (seen.names[:, None] == planned.names[None]).reshape(-1)
    for counted in (cells[same], cells):
        if len(counted):
            votes = np.bincount(counted, minlength=len(down) * len(across)).reshape(len(down), len(across))
            yield from (np.array([across[column], down[row]]) for row, column in _find_peaks(votes))


def _bin_offsets(planned: Floats, seen: Floats, lengths: Floats) -> tuple[Ints, Floats]:
    """Return for each pair the bin of its offset along one side, and the middle of each bin: half a product is one."""
    offsets = (seen[:, None] - planned[None]).reshape(-1)
    low, high = offsets.min(), offsets.max()
    length = max(float(np.median(lengths)) / 2, (high - low) / MAX_BINS)
    bins = ((offsets - low) / length).astype(np.int64)
    return bins, low + (np.arange(int(bins.max()) + 1) + 0.5) * length


def _find_peaks(votes: Ints) -> Iterator[tuple[int, int]]:
    """Yield the cells around which most votes lie; none next to one before it."""
    padded = np.pad(votes.astype(np.float64), 1)
    rows, columns = votes.shape
    around = votes / 1000  # of neighbours with the same votes around them, the one with most of its own
    for down in range(3):
        for right in range(3):
            around += padded[down : down + rows, right : right + columns]
    for _ in range(PEAKS):
        row, column = np.unravel_index(int(around.argmax()), around.shape)
        yield int(row), int(column)
        around[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = -1.0

"""Which images show the same: byte for byte, or near enough that a person would call them one picture.

Owns the comparison. Near means a perceptual hash a few bits away and a sketch that hardly differs: the hash alone calls
two different digits on a plain ground the same. Pure. Must not do: say what it means for a dataset.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_trainer.data.records.looks import SKETCH_BYTES, Look

MAX_BITS: Final = 4
MAX_LEVELS: Final = 6.0
"""Mean difference of two sketches, in grey levels of 255. Measured: two photographs saved again as poor JPEGs or at
half the size differ by 0.3 to 0.5, cut by 2 % on each side by 2.5 to 2.8; the nearest two of 450 digits whose hashes
are near differ by 10.7."""
MIN_STD: Final = 8.0
"""Grey levels; flatter images look alike whatever they show."""
_BANDS: Final = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))
"""First bit and width: of five bands, one at least is untouched by four bits."""
_MAX_COMPARED: Final = 64
"""Images of one band that an image is compared with: it bounds the time where thousands look alike."""


@dataclass(frozen=True)
class Pair:
    """Row `row` shows what the earlier row `first` does."""

    row: int
    first: int
    exact: bool


def find_pairs(looks: Sequence[Look | None]) -> list[Pair]:
    """Return each image that shows the same as an earlier one, once; None is an image that could not be read."""
    by_content: dict[bytes, int] = {}
    index = _Index(looks)
    pairs = []
    for row, look in enumerate(looks):
        if look is None:
            continue
        first = by_content.setdefault(look.content, row)
        if first != row:
            pairs.append(Pair(row, first, exact=True))
            continue
        near = index.find_near(look)
        if near is not None:
            pairs.append(Pair(row, near, exact=False))
        index.add(row, look)
    return pairs


def find_shared(looks: Sequence[Look], others: Sequence[Look]) -> list[Pair]:
    """Return each of `others` (as `row`) that shows the same as one of `looks` (as `first`)."""
    by_content = {look.content: row for row, look in reversed(list(enumerate(looks)))}
    index = _Index(looks)
    for row, look in enumerate(looks):
        index.add(row, look)
    pairs = []
    for row, look in enumerate(others):
        exact = by_content.get(look.content)
        found = exact if exact is not None else index.find_near(look)
        if found is not None:
            pairs.append(Pair(row, found, exact=exact is not None))
    return pairs


class _Index:
    """Finds, among the rows that were added, one that looks like an image."""

    def __init__(self, looks: Sequence[Look | None]) -> None:
        blank = bytes(SKETCH_BYTES)
        joined = b"".join(blank if look is None else look.sketch for look in looks)
        self._sketches = np.frombuffer(joined, dtype=np.uint8).reshape(-1, SKETCH_BYTES)
        self._hashes = [0 if look is None else look.perceptual for look in looks]
        self._by_band: dict[tuple[int, int], list[int]] = {}

    def add(self, row: int, look: Look) -> None:
        """Let `row` be found; a band takes no more rows than are compared."""
        for key in _name_bands(look):
            rows = self._by_band.setdefault(key, [])
            if len(rows) < _MAX_COMPARED:
                rows.append(row)

    def find_near(self, look: Look) -> int | None:
        """Return the first row that looks the same."""
        candidates = dict.fromkeys(row for key in _name_bands(look) for row in self._by_band.get(key, ()))
        rows = [row for row in candidates if (self._hashes[row] ^ look.perceptual).bit_count() <= MAX_BITS]
        if not rows:
            return None
        own = np.frombuffer(look.sketch, dtype=np.uint8).astype(np.int16)
        distances = np.abs(self._sketches[rows] - own).mean(axis=1)
        near = np.flatnonzero(distances <= MAX_LEVELS)
        return rows[near[0]] if len(near) else None


def _name_bands(look: Look) -> Iterator[tuple[int, int]]:
    if look.std < MIN_STD:
        return
    for begin, width in _BANDS:
        yield begin, look.perceptual >> begin & (1 << width) - 1

"""Which images show the same: byte for byte, or near enough that a person would call them one picture.

Owns the comparison. Near means a perceptual hash a few bits away and a sketch that hardly differs: the hash alone calls
two different digits on a plain ground the same. Pure. Must not do: say what it means for a dataset.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_trainer.data.looks import Look

MAX_BITS: Final = 4
MAX_LEVELS: Final = 6.0
"""Mean difference of two sketches, in grey levels of 255. Measured: two photographs saved again as poor JPEGs or at
half the size differ by 0.3 to 0.5, cut by 2 % on each side by 2.5 to 2.8; the nearest two of 450 digits whose hashes
are near differ by 10.7."""
MIN_DEVIATION: Final = 8.0
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
    by_band: dict[tuple[int, int], list[int]] = {}
    pairs = []
    for row, look in enumerate(looks):
        if look is None:
            continue
        first = by_content.setdefault(look.content, row)
        if first != row:
            pairs.append(Pair(row, first, exact=True))
            continue
        near = _find_near(look, looks, by_band)
        if near is not None:
            pairs.append(Pair(row, near, exact=False))
        for key in _name_bands(look):
            by_band.setdefault(key, []).append(row)
    return pairs


def find_shared(looks: Sequence[Look], others: Sequence[Look]) -> list[Pair]:
    """Return each of `others` (as `row`) that shows the same as one of `looks` (as `first`)."""
    by_content = {look.content: row for row, look in reversed(list(enumerate(looks)))}
    by_band: dict[tuple[int, int], list[int]] = {}
    for row, look in enumerate(looks):
        for key in _name_bands(look):
            by_band.setdefault(key, []).append(row)
    pairs = []
    for row, look in enumerate(others):
        exact = by_content.get(look.content)
        found = exact if exact is not None else _find_near(look, looks, by_band)
        if found is not None:
            pairs.append(Pair(row, found, exact=exact is not None))
    return pairs


def _name_bands(look: Look) -> Iterator[tuple[int, int]]:
    if look.deviation < MIN_DEVIATION:
        return
    for begin, width in _BANDS:
        yield begin, look.perceptual >> begin & (1 << width) - 1


def _find_near(look: Look, looks: Sequence[Look | None], by_band: dict[tuple[int, int], list[int]]) -> int | None:
    for key in _name_bands(look):
        for row in by_band.get(key, ())[:_MAX_COMPARED]:
            other = looks[row]
            if other is not None and _are_near(look, other):
                return row
    return None


def _are_near(one: Look, other: Look) -> bool:
    if (one.perceptual ^ other.perceptual).bit_count() > MAX_BITS:
        return False
    sketches = [np.frombuffer(look.sketch, dtype=np.uint8).astype(np.int16) for look in (one, other)]
    return bool(np.abs(sketches[0] - sketches[1]).mean() <= MAX_LEVELS)

"""Boards that disagree as a whole: their products stand in the planned order, and all of them moved along.

Owns the alignment of two sequences. Must not know maps or pixels: lengths are those of the planogram.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_shelf.places import ANY, Floats, Ints

MAX_CELLS: Final = 4_000_000
"""Planned times seen of one board, at 8 bytes each. A board of 2,000 facings is longer than any."""
RIGHT_NAME: Final = 1.0
ANY_NAME: Final = 0.5
OTHER_NAME: Final = 0.1
_FAR: Final = 0.02
"""Lost for each product width between a product and its place: of equal alignments the nearest is taken."""
_LEAST: Final = 0.01


@dataclass(frozen=True)
class BoardRow:
    """What stands along a board from left to right: middles and names."""

    x: Floats
    names: Ints


def align(planned: BoardRow, seen: BoardRow, width: float) -> list[tuple[int, int]]:
    """Return pairs of indices in the order of both rows (Needleman and Wunsch); who has no partner is skipped.

    `width` is that of a product. A board with too much on it gives none.
    """
    if len(planned.x) * len(seen.x) > MAX_CELLS:
        return []
    best = np.zeros((len(planned.x) + 1, len(seen.x) + 1))
    for row, (x, name) in enumerate(zip(planned.x, planned.names, strict=True)):
        far = _FAR * np.abs(seen.x - x) / width
        right = np.maximum(RIGHT_NAME - far, _LEAST)
        gains = np.where(seen.names == name, right, np.where(seen.names == ANY, ANY_NAME - far, OTHER_NAME - far))
        best[row + 1, 1:] = np.maximum.accumulate(np.maximum(best[row, :-1] + gains, best[row, 1:]))
    return _trace(best)


def _trace(best: Floats) -> list[tuple[int, int]]:
    """Return the pairs by which the last cell came to its value: it was copied along, but where two were paired."""
    row, column = best.shape[0] - 1, best.shape[1] - 1
    pairs: list[tuple[int, int]] = []
    while row:
        # To the first of the cells along the row that have this value, which only grows: in one step, as a board of
        # three facings may have thousands of things before it.
        column = int(np.searchsorted(best[row, : column + 1], best[row, column]))
        if not column:
            break
        if best[row, column] == best[row - 1, column]:
            row -= 1
        else:
            row, column = row - 1, column - 1
            pairs.append((row, column))
    return pairs[::-1]

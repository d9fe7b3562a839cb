"""Which images are held out for the score of the hold-out run. Pure; keyed by the seed."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from darkroom_trainer.data.dataset import Example
from darkroom_trainer.tasks.predictions import Integers

HOLD_OUT_SHARE: Final = 0.2
_KEY: Final = 0x5EED


def split_rows(examples: Sequence[Example], rows: Integers, seed: int, *, by_label: bool) -> tuple[Integers, Integers]:
    """Return the rows to train on and the rows held out, both sorted.

    With `by_label` (classification) every tag gives its share, and none gives its only image. Without it images are
    drawn as they come. Nothing is held out of fewer than two images.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, _KEY]))
    groups: dict[int, list[int]] = {}
    for row in rows.tolist():
        groups.setdefault(examples[row].labels[0] if by_label else 0, []).append(row)
    held: list[int] = []
    for _, members in sorted(groups.items()):
        count = max(1, round(HOLD_OUT_SHARE * len(members))) if len(members) > 1 else 0
        held += generator.permutation(members)[:count].tolist()
    held_out = np.array(sorted(held), dtype=np.int64)
    return np.setdiff1d(rows, held_out), held_out

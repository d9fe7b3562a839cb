"""Which images are held out for the score of the hold-out run. Pure; keyed by the seed."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.data.records.dataset import Example

HOLD_OUT_IMAGE_FRACTION: Final = 0.2
_KEY: Final = 0x5EED


def split_rows(examples: Sequence[Example], rows: Integers, seed: int, *, by_label: bool) -> tuple[Integers, Integers]:
    """Return the rows to train on and the rows held out, both sorted.

    With `by_label` every tag gives its share, and none gives its only image; images may have any number of tags.
    Without it images are drawn as they come. Nothing is held out of fewer than two images.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, _KEY]))
    labels = {row: frozenset(examples[row].labels) if by_label else frozenset() for row in rows.tolist()}
    if any(len(own) > 1 for own in labels.values()):
        held = _Stratifier(labels, generator).hold_out()
    else:
        held = _hold_out_groups({row: min(own, default=-1) for row, own in labels.items()}, generator)
    held_out = np.array(sorted(held), dtype=np.int64)
    return np.setdiff1d(rows, held_out), held_out


def count_held(images: int) -> int:
    """Return how many of a tag's images are held out."""
    return max(1, round(HOLD_OUT_IMAGE_FRACTION * images)) if images > 1 else 0


def _hold_out_groups(group_of: dict[int, int], generator: np.random.Generator) -> list[int]:
    groups: dict[int, list[int]] = {}
    for row, group in group_of.items():
        groups.setdefault(group, []).append(row)
    held: list[int] = []
    for _, members in sorted(groups.items()):
        held += generator.permutation(members)[: count_held(len(members))].tolist()
    return held


class _Stratifier:
    """Holds out the share of every tag, rarest tags first, since common ones can still be balanced afterwards.

    After Sechidis, Tsoumakas and Vlahavas (ECML 2011), with a bound that theirs lacks: no tag gives its last image.
    """

    def __init__(self, labels: dict[int, frozenset[int]], generator: np.random.Generator) -> None:
        self._labels = labels
        self._generator = generator
        self._members: dict[int, list[int]] = {}
        for row, own in labels.items():
            for label in own:
                self._members.setdefault(label, []).append(row)
        self._wanted = {label: count_held(len(members)) for label, members in self._members.items()}
        self._left = {label: len(members) for label, members in self._members.items()}
        self._decided: set[int] = set()
        self._held: list[int] = []

    def hold_out(self) -> list[int]:
        """Return the rows that are held out."""
        for label in sorted(self._members, key=lambda label: (len(self._members[label]), label)):
            self._fill(label)
        untagged = [row for row, own in self._labels.items() if not own]
        self._held += self._generator.permutation(untagged)[: count_held(len(untagged))].tolist()
        return self._held

    def _fill(self, label: int) -> None:
        """Hold out what `label` still wants; the rest of its images stay, so that no later tag takes them."""
        free = [row for row in self._members[label] if row not in self._decided]
        shuffled = self._generator.permutation(free).tolist() if free else []
        for row in sorted(shuffled, key=self._count_full):
            if self._wanted[label] <= 0:
                break
            if all(self._left[own] > 1 for own in self._labels[row]):
                self._hold(row)
        self._decided.update(free)

    def _count_full(self, row: int) -> int:
        """Return how many tags of an image have given their share already."""
        return sum(self._wanted[own] <= 0 for own in self._labels[row])

    def _hold(self, row: int) -> None:
        self._held.append(row)
        for own in self._labels[row]:
            self._wanted[own] -= 1
            self._left[own] -= 1

"""Which rows are held out of which fit: repeated stratified folds.

Owns the division. A row is held out at most once in a repeat; a row whose label no other row has is never held out,
as a fit without it could not know the label. Pure; depends on the labels and the seed alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

MOST_FOLDS: Final = 5
FOLDED_ROWS: Final = 600
"""Validation rows over all repeats, about: few images are divided many times."""
MOST_FITS: Final = 12
"""Folds of all repeats together."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Rows to fit on and rows to predict, which have none in common; `repeat` counts from 0."""

    repeat: int
    train: Rows
    validation: Rows


def count_folds(strata: Rows) -> int:
    """Return how many folds suit the rows of these labels: no more than a poorer label has images, 2 to 5."""
    counts = np.bincount(strata)
    several = counts[counts >= 2]
    return int(np.clip(np.quantile(several, 0.25), 2, MOST_FOLDS)) if len(several) else 0


def count_repeats(rows: int, folds: int) -> int:
    """Return how many times the rows are divided."""
    return int(np.clip(FOLDED_ROWS // max(1, rows), 1, MOST_FITS // folds))


def build_folds(strata: Rows, seed: int) -> list[Fold]:
    """Return the folds of all repeats; none where no label has two rows."""
    folds = count_folds(strata)
    if not folds:
        return []
    return [
        fold for repeat in range(count_repeats(len(strata), folds)) for fold in _divide(strata, folds, repeat, seed)
    ]


def _divide(strata: Rows, folds: int, repeat: int, seed: int) -> list[Fold]:
    random = np.random.Generator(np.random.Philox(key=[seed & 0xFFFFFFFF, repeat]))
    order = random.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    alone = np.bincount(strata)[strata] < 2
    order = order[~alone[order]]
    fold_of = np.full(len(strata), -1)
    fold_of[order] = (np.arange(len(order)) + random.integers(folds)) % folds
    every = np.arange(len(strata))
    return [
        Fold(repeat, every[fold_of != fold], every[fold_of == fold]) for fold in range(folds) if (fold_of == fold).any()
    ]


def build_strata(labels: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Rows:
    """Return the label (M,) by which rows are spread: for rows with several labels (M, C), their rarest."""
    if labels.ndim == 1:
        return np.asarray(labels, dtype=np.int64)
    counts = labels.sum(axis=0)
    rarity = np.where(labels, counts[None, :], len(labels) + 1)
    return np.asarray(np.where(labels.any(axis=1), rarity.argmin(axis=1), labels.shape[1]), dtype=np.int64)


def choose_rows(strata: Rows, most: int, seed: int) -> Rows:
    """Return at most about `most` rows, in order: first two of each label, then in proportion."""
    if len(strata) <= most:
        return np.arange(len(strata))
    random = np.random.Generator(np.random.Philox(key=[seed & 0xFFFFFFFF, 1 << 20]))
    order = random.permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    firsts = np.searchsorted(strata[order], strata[order])
    rank = np.arange(len(order)) - firsts
    sure = order[rank < 2]
    rest = random.permutation(order[rank >= 2])
    return np.sort(np.concatenate([sure, rest[: max(0, most - len(sure))]]))

"""What a list of scores says about one tag at every threshold: average precision, precision-recall curve, ROC area.

Owns the definitions, which are scikit-learn's. Must not know predictions, images or torch.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

INTERPOLATION_POINTS: Final = 11
_TOLERANCE: Final = 1e-9
"""Recall is a quotient: 3/10 has to reach the threshold 0.3."""


@dataclass(frozen=True)
class Curve:
    """Precision and recall (K,) of the guesses from each of the distinct scores `thresholds` (K,) up, highest first."""

    thresholds: Scores
    precision: Scores
    recall: Scores

    def thin(self, most: int) -> "Curve":
        """Return at most `most` points, spread evenly, with the first and the last."""
        kept = np.unique(np.linspace(0, len(self.recall) - 1, min(most, len(self.recall))).astype(int))
        return Curve(self.thresholds[kept], self.precision[kept], self.recall[kept])


def find_step_ends(falling: Scores) -> npt.NDArray[np.int64]:
    """Return for each place in rows of falling scores the last place with the same score."""
    length = falling.shape[1]
    is_last = np.ones(falling.shape, dtype=bool)
    is_last[:, :-1] = falling[:, 1:] != falling[:, :-1]
    ends = np.where(is_last, np.arange(length), length)
    return np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]


def build_curve(scores: Scores, relevant: Flags) -> Curve:
    """Return the curve of `scores` (N,) for the `relevant` (N,); equal scores count as one step."""
    order = np.argsort(-scores, kind="stable")
    hits, ends = np.cumsum(relevant[order]), find_step_ends(scores[order][None])[0]
    last = np.unique(ends)
    return Curve(scores[order][last], hits[last] / (last + 1), hits[last] / max(1, int(relevant.sum())))


def compute_average_precisions(scores: Scores, relevant: Flags) -> Scores:
    """Return for each row of `scores` (M, K) the sum of precision times gain in recall; 0 where nothing is relevant.

    Equal scores count as one step: each of them has the precision at the end of the step.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    sorted_relevant = np.take_along_axis(relevant, order, axis=1)
    ends = find_step_ends(np.take_along_axis(scores, order, axis=1))
    precision = np.take_along_axis(np.cumsum(sorted_relevant, axis=1), ends, axis=1) / (ends + 1)
    averages: Scores = (precision * sorted_relevant).sum(axis=1) / np.maximum(1, relevant.sum(axis=1))
    return averages


def compute_average_precision(scores: Scores, relevant: Flags) -> float:
    """Return the average precision of `scores` (N,); 0 where nothing is relevant."""
    return float(compute_average_precisions(scores[None], relevant[None])[0])


def compute_interpolated_precision(scores: Scores, relevant: Flags, points: int = INTERPOLATION_POINTS) -> float:
    """Return the mean over evenly spread recalls of the best precision at that recall or above (PASCAL VOC 2007)."""
    if not relevant.any():
        return 0.0
    curve = build_curve(scores, relevant)
    best = np.append(np.maximum.accumulate(curve.precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(curve.recall, np.linspace(0, 1, points) - _TOLERANCE)].mean())


def compute_roc_area(scores: Scores, relevant: Flags) -> float | None:
    """Return how often a relevant score beats another one, a tie counting half; None unless there are both kinds."""
    wanted = int(relevant.sum())
    others = len(relevant) - wanted
    if not wanted or not others:
        return None
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle_ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((middle_ranks[places][relevant].sum() - wanted * (wanted + 1) / 2) / (wanted * others))

"""Scores of images with any number of tags: at a threshold, at the k best, and over all thresholds.

Definitions follow microsoft/vision-evaluation 0.2.14, except that recall 0 has the precision really reached there.
`scores` and `relevant` are (N, C). Must not import torch.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_trainer.metrics.statistics.curves import (
    Flags,
    Scores,
    compute_average_precision,
    compute_average_precisions,
    compute_interpolated_precision,
)

SAMPLES_AT_ONCE: Final = 1_000
MOST_PAIRS: Final = 5_000_000
"""Pairs of image and tag up to which they are put in one order, for all tags together."""


@dataclass(frozen=True)
class PrecisionAverages:
    """Average precision: mean over tags that have images, of all pairs (None where they are too many), weighted by
    images, mean over images.
    """

    macro: float
    micro: float | None
    weighted: float
    samples: float


def select_above(scores: Scores, threshold: float) -> Flags:
    """Return the guesses with at least the threshold."""
    return np.asarray(scores >= threshold)


def select_best(scores: Scores, k: int) -> Flags:
    """Return the `k` best guesses of each image; of equal scores the first."""
    chosen = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(chosen, np.argsort(-scores, axis=1, kind="stable")[:, :k], values=True, axis=1)
    return chosen


def compute_shared(guessed: Flags, relevant: Flags) -> float:
    """Return the mean over images of the tags both guessed and true among those either; 0 where there are neither."""
    either = np.maximum(1, (guessed | relevant).sum(axis=1))
    return float(((guessed & relevant).sum(axis=1) / either).mean())


def compute_sample_precision(guessed: Flags, relevant: Flags) -> float:
    """Return the mean over images of the guesses that are right; 0 for an image without guesses."""
    return float(((guessed & relevant).sum(axis=1) / np.maximum(1, guessed.sum(axis=1))).mean())


def compute_sample_recall(guessed: Flags, relevant: Flags) -> float:
    """Return the mean over images of the tags that are found; 0 for an image without tags."""
    return float(((guessed & relevant).sum(axis=1) / np.maximum(1, relevant.sum(axis=1))).mean())


def average_precisions(scores: Scores, relevant: Flags) -> PrecisionAverages:
    """Return the four averages of average precision."""
    counts, by_tag = relevant.sum(axis=0), compute_tag_precisions(scores, relevant)
    present = counts > 0
    return PrecisionAverages(
        macro=float(by_tag[present].mean()) if present.any() else 0.0,
        micro=compute_average_precision(scores.ravel(), relevant.ravel()) if scores.size <= MOST_PAIRS else None,
        weighted=float((by_tag * counts).sum() / max(1, counts.sum())),
        samples=_compute_sample_average(scores, relevant),
    )


def compute_tag_precisions(scores: Scores, relevant: Flags) -> Scores:
    """Return the average precision of each tag (C,); 0 where it has no images."""
    tags = range(scores.shape[1])
    return np.array([compute_average_precision(scores[:, tag], relevant[:, tag]) for tag in tags])


def compute_interpolated_mean(scores: Scores, relevant: Flags) -> float:
    """Return the mean over tags that have images of precision at 11 recalls; 0 without any."""
    present = np.flatnonzero(relevant.any(axis=0))
    values = [compute_interpolated_precision(scores[:, tag], relevant[:, tag]) for tag in present]
    return float(np.mean(values)) if values else 0.0


def _compute_sample_average(scores: Scores, relevant: Flags) -> float:
    starts = range(0, len(scores), SAMPLES_AT_ONCE)
    parts = [slice(start, start + SAMPLES_AT_ONCE) for start in starts]
    return float(np.concatenate([compute_average_precisions(scores[part], relevant[part]) for part in parts]).mean())

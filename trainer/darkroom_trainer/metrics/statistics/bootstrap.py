"""How far a score may be trusted on this many images: percentile intervals of a bootstrap over images.

Owns the draws, which a seed repeats. After Efron, Bootstrap methods, 1979. A score is a function of how often each
image was drawn, so that nothing but counts is computed again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.statistics.curves import Flags, Scores, find_step_ends

RESAMPLES: Final = 1000
LEAST_RESAMPLES: Final = 100
LARGEST_WORK: Final = 50_000_000
"""Numbers to go through in all resamples of one interval: a second or two."""
CONFIDENCE: Final = 0.95
SEED: Final = 0


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of a score over resamples."""

    low: float
    high: float


def count_resamples(work: int) -> int:
    """Return how many resamples are affordable where one goes through `work` numbers; 0 where too few would be."""
    resamples = min(RESAMPLES, LARGEST_WORK // max(1, work))
    return resamples if resamples >= LEAST_RESAMPLES else 0


def compute_interval(
    images: int, measure: Callable[[Integers], float], *, work: int, seed: int = SEED
) -> Interval | None:
    """Return the interval of `measure`, a score given how often each image (N,) was drawn; None without the means.

    `work` is how many numbers one call of `measure` goes through. A draw without a score (NaN) is left out.
    """
    resamples = count_resamples(max(work, images)) if images else 0
    draws = np.random.default_rng(seed)
    values = [measure(draw_images(images, draws)) for _ in range(resamples)]
    scores = [value for value in values if not np.isnan(value)]
    if not scores:
        return None
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(scores, [tail, 100 - tail])
    return Interval(float(low), float(high))


def draw_images(images: int, draws: np.random.Generator) -> Integers:
    """Return how often each image is drawn, as many draws as there are images, each put back."""
    return np.bincount(draws.integers(0, images, images), minlength=images)


def measure_share(right: Flags) -> Callable[[Integers], float]:
    """Return the score that is the share of images that are `right` (N,)."""
    return lambda times: float(times[right].sum() / times.sum())


def measure_mean_recall(answers: Integers, right: Flags, num_labels: int) -> Callable[[Integers], float]:
    """Return the score that is the mean recall of the tags drawn; `answers` (N,) are guessed `right` (N,)."""

    def measure(times: Integers) -> float:
        present = np.bincount(answers, weights=times, minlength=num_labels)
        found = np.bincount(answers, weights=times * right, minlength=num_labels)
        return float((found[present > 0] / present[present > 0]).mean())

    return measure


def measure_mean_precision(scores: Scores, relevant: Flags) -> Callable[[Integers], float]:
    """Return the score that is the mean average precision of the tags drawn, of `scores` and `relevant` (N, C)."""
    order = np.argsort(-scores.T, axis=1, kind="stable")
    falling = np.take_along_axis(scores.T, order, axis=1)
    sorted_relevant = np.take_along_axis(relevant.T, order, axis=1)
    ends = find_step_ends(falling)

    def measure(times: Integers) -> float:
        drawn = times[order]
        hits = np.cumsum(drawn * sorted_relevant, axis=1)
        shown = np.maximum(1, np.take_along_axis(np.cumsum(drawn, axis=1), ends, axis=1))
        precision = np.take_along_axis(hits, ends, axis=1) / shown
        present = hits[:, -1] > 0
        sums = (precision * drawn * sorted_relevant).sum(axis=1)
        return float((sums[present] / hits[present, -1]).mean()) if present.any() else float("nan")

    return measure

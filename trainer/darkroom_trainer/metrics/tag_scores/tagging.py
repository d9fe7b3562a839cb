"""Whether scores of images with any number of tags mean anything, and from which score a tag is shown.

Owns the comparison with guessing by how common a tag is, and the choice of the threshold. Must not import torch.
"""

from typing import Final

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.statistics import thresholds
from darkroom_trainer.metrics.statistics.baseline import STANDARD_ERRORS, BaselineTest
from darkroom_trainer.metrics.statistics.curves import Flags, Scores, compute_average_precisions
from darkroom_trainer.metrics.tag_scores.classification import DEFAULT_THRESHOLD

SHUFFLES: Final = 24
MOST_IMAGES: Final = 1_000
MOST_TAGS: Final = 24
"""Bounds on what the comparison looks at, since its time is charged: about a tenth of a second."""
SEED: Final = 0
LEAST_SCORE: Final = 0.02
"""Scores below it are no candidates for a threshold: of 2,000 tags nearly all lie there."""


def compare_with_frequencies(scores: Scores, relevant: Flags) -> BaselineTest:
    """Compare mean average precision with the same scores given to other images, which know only how common tags are.

    `count` is how many tags are looked at: the most common ones that some image has and some has not.
    """
    scores, relevant = _choose_part(scores, relevant)
    if not scores.size:
        return BaselineTest(score=0.0, baseline=0.0, noise=0.0, count=0)
    random = np.random.default_rng(SEED)
    orders = [random.permutation(len(scores)) for _ in range(SHUFFLES)]
    shuffled = np.array([_average(scores[order], relevant) for order in orders])
    noise = STANDARD_ERRORS * float(shuffled.std(ddof=1))
    return BaselineTest(_average(scores, relevant), float(shuffled.mean()), noise, scores.shape[1])


def _choose_part(scores: Scores, relevant: Flags) -> tuple[Scores, Flags]:
    rows: Integers = np.arange(len(scores))
    if len(rows) > MOST_IMAGES:
        rows = np.random.default_rng(SEED).permutation(len(rows))[:MOST_IMAGES]
    counts = relevant[rows].sum(axis=0)
    tags = np.flatnonzero((counts > 0) & (counts < len(rows)))
    tags = tags[np.argsort(-counts[tags], kind="stable")][:MOST_TAGS]
    return scores[np.ix_(rows, tags)], relevant[np.ix_(rows, tags)]


def _average(scores: Scores, relevant: Flags) -> float:
    return float(compute_average_precisions(scores.T, relevant.T).mean())


def choose_threshold(scores: Scores, relevant: Flags) -> float:
    """Return the score to show tags from, by F1 over all pairs of image and tag; the default where none is right."""
    candidates = scores >= LEAST_SCORE
    values, right = scores[candidates], relevant[candidates]
    if not right.any():
        return DEFAULT_THRESHOLD
    return thresholds.choose_threshold(values, right, int(relevant.sum()), LEAST_SCORE)

"""The confidence from which an answer is shown: the best on held-out images, but for luck."""

import numpy as np
import pytest

from darkroom_trainer.metrics.statistics.thresholds import choose_threshold

EARLY = [(0.97, 50, 2), (0.6, 1, 5), (0.1, 20, 80)]
"""Answers by confidence, right ones and wrong ones, of a model that is sure of few."""


@pytest.mark.parametrize(
    ("answers", "total", "threshold"),
    [
        pytest.param([(0.9, 10, 0), (0.2, 0, 10)], 10, 0.55, id="between right and wrong answers"),
        pytest.param([(0.3, 10, 0), (0.2, 0, 10)], 10, 0.25, id="low where all right answers are"),
        pytest.param([(0.99, 10, 0), (0.98, 0, 90)], 10, 0.95, id="never so high that nothing is shown"),
        pytest.param([(0.01, 10, 0)], 10, 0.05, id="never so low that all is shown"),
        pytest.param(EARLY, 100, 0.35, id="near the middle where the best is no better than luck"),
        pytest.param([(s, 100 * r, 100 * w) for s, r, w in EARLY], 10_000, 0.785, id="the best, with many answers"),
        pytest.param([(0.97, 5000, 0), (0.7, 100, 900)], 5_200, 0.835, id="far from the middle where that is better"),
    ],
)
def test_the_threshold_is_the_one_nearest_to_the_middle_of_those_as_good_as_the_best(
    answers: list[tuple[float, int, int]], total: int, threshold: float
) -> None:
    scores = np.concatenate([np.full(right + wrong, score, dtype=np.float32) for score, right, wrong in answers])
    right = np.concatenate([np.arange(right + wrong) < right for _, right, wrong in answers])
    assert choose_threshold(scores, right, total) == pytest.approx(threshold, abs=0.001)
    order = np.random.default_rng(0).permutation(len(scores))
    assert choose_threshold(scores[order], right[order], total) == pytest.approx(threshold, abs=0.001)

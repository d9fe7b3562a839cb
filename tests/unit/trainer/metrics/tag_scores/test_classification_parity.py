"""Scores of images with one tag against scikit-learn, on randomized guesses."""

import itertools
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as reference

from darkroom_trainer.metrics.tag_scores import classification
from tests.unit.trainer.metrics.guess_cases import DISTINCT, ONE_TAG, draw_one_tag

exactly = partial(pytest.approx, rel=0, abs=1e-12)


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize(("seed", "labels", "decimals"), DISTINCT)
def test_top_k_accuracy(seed: int, labels: int, decimals: int, k: int) -> None:
    """Without equal scores, of which scikit-learn counts the last and the replaced service any."""
    scores, answers = draw_one_tag(seed, labels, decimals)
    if labels == 2 or k >= labels:
        wanted = 1.0 if k >= labels else reference.accuracy_score(answers, scores.argmax(axis=1))
    else:
        wanted = reference.top_k_accuracy_score(answers, scores, k=k, labels=range(labels))
    assert classification.compute_top_k_accuracy(scores, answers, k) == exactly(wanted)


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_average_precision_is_the_mean_over_tags_with_images(seed: int, labels: int, decimals: int) -> None:
    scores, answers = draw_one_tag(seed, labels, decimals)
    wanted = [reference.average_precision_score(answers == tag, scores[:, tag]) for tag in np.unique(answers)]
    found = classification.compute_macro_average_precision(scores, answers)
    assert found == exactly(np.mean(wanted))


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_calibration_error_is_the_sum_over_bins_with_closed_upper_ends(seed: int, labels: int, decimals: int) -> None:
    scores, answers = draw_one_tag(seed, labels, decimals)
    confidences, right = scores.max(axis=1), scores.argmax(axis=1) == answers
    edges = np.linspace(0, 1, 16)
    wanted = 0.0
    for low, high in itertools.pairwise(edges):
        members = (confidences > low) & (confidences <= high)
        wanted += abs(right[members].sum() - confidences[members].sum())
    assert classification.compute_calibration_error(scores, answers) == exactly(wanted / len(answers))

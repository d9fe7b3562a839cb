"""Curves and the areas below them against scikit-learn, on randomized guesses."""

from functools import partial

import numpy as np
import pytest
from sklearn import metrics as reference

from darkroom_trainer.metrics.statistics import curves
from tests.unit.trainer.metrics.guess_cases import ONE_TAG, draw_many_tags, draw_one_tag

exactly = partial(pytest.approx, rel=0, abs=1e-12)


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_roc_area_and_precision_recall_curve_of_each_tag(seed: int, labels: int, decimals: int) -> None:
    scores, answers = draw_one_tag(seed, labels, decimals)
    for tag in np.unique(answers):
        relevant = answers == tag
        area = reference.roc_auc_score(relevant, scores[:, tag])
        assert curves.compute_roc_area(scores[:, tag], relevant) == exactly(area)
        precision, recall, thresholds = reference.precision_recall_curve(relevant, scores[:, tag])
        curve = curves.build_curve(scores[:, tag], relevant)
        for ours, theirs in ((curve.precision, precision[:-1]), (curve.recall, recall[:-1])):
            np.testing.assert_allclose(ours[::-1], theirs, rtol=0, atol=1e-12)
        assert curve.thresholds[::-1].tolist() == thresholds.tolist()


@pytest.mark.parametrize("relevant", [[False, False], [True, True]], ids=["none", "all"])
def test_roc_area_is_not_defined_without_both_kinds(relevant: list[bool]) -> None:
    assert curves.compute_roc_area(np.array([0.1, 0.9]), np.array(relevant)) is None


def test_a_thinned_curve_keeps_its_ends() -> None:
    scores = np.linspace(1, 0, 1000)
    curve = curves.build_curve(scores, np.arange(1000) % 3 == 0)
    thin = curve.thin(101)
    assert len(thin.recall) == 101
    assert (thin.thresholds[0], thin.thresholds[-1]) == (1.0, 0.0)
    assert thin.recall[-1] == 1.0


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_precision_at_eleven_recalls_is_the_best_from_there_on(seed: int, labels: int, decimals: int) -> None:
    scores, relevant = draw_many_tags(seed, labels, decimals)
    for tag in np.flatnonzero(relevant.any(axis=0)):
        precision, recall, _ = reference.precision_recall_curve(relevant[:, tag], scores[:, tag])
        reached = [precision[:-1][recall[:-1] >= tenth / 10 - 1e-9].max() for tenth in range(11)]
        found = curves.compute_interpolated_precision(scores[:, tag], relevant[:, tag])
        assert found == exactly(np.mean(reached))

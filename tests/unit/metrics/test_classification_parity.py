"""Scores of images with one tag against scikit-learn, on randomized guesses."""

import itertools
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as reference

from darkroom_trainer.metrics.statistics import calibration, counts, curves
from darkroom_trainer.metrics.tag_scores import classification
from tests.unit.metrics.guess_cases import DISTINCT, ONE_TAG, draw_one_tag

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
def test_precision_recall_and_f1_of_each_tag(seed: int, labels: int, decimals: int) -> None:
    scores, answers = draw_one_tag(seed, labels, decimals)
    guesses = scores.argmax(axis=1)
    found = counts.count_guesses(answers, guesses, labels)
    wanted = reference.precision_recall_fscore_support(
        answers, guesses, labels=range(labels), zero_division=0, average=None
    )
    for ours, theirs in zip((found.precision, found.recall, found.f1, found.truths), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_averages_of_precision_recall_and_f1(seed: int, labels: int, decimals: int, average: str) -> None:
    scores, answers = draw_one_tag(seed, labels, decimals)
    guesses = scores.argmax(axis=1)
    summary = counts.summarize(counts.count_guesses(answers, guesses, labels))
    seen, present = np.union1d(answers, guesses), np.unique(answers)
    options = {"average": average, "zero_division": 0}
    of_all = {"labels": range(labels)} if average == "micro" else {}
    precision = reference.precision_score(answers, guesses, **{"labels": seen, **of_all}, **options)
    recall = reference.recall_score(answers, guesses, **{"labels": present, **of_all}, **options)
    f1 = reference.f1_score(answers, guesses, **{"labels": seen, **of_all}, **options)
    ours = (getattr(summary.precision, average), getattr(summary.recall, average), getattr(summary.f1, average))
    assert ours == exactly((precision, recall, f1))


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_balanced_accuracy_and_confusion_with_the_truth_in_rows(seed: int, labels: int, decimals: int) -> None:
    scores, answers = draw_one_tag(seed, labels, decimals)
    guesses = scores.argmax(axis=1)
    balanced = counts.compute_balanced_accuracy(counts.count_guesses(answers, guesses, labels))
    assert balanced == exactly(np.mean(_recalls(answers, guesses)))
    if set(guesses) <= set(answers):
        assert balanced == exactly(reference.balanced_accuracy_score(answers, guesses))
    wanted = reference.confusion_matrix(answers, guesses, labels=range(labels))
    assert counts.build_confusion_matrix(answers, guesses, labels).tolist() == wanted.tolist()


def _recalls(answers: np.ndarray, guesses: np.ndarray) -> np.ndarray:
    return np.asarray(
        reference.recall_score(answers, guesses, labels=np.unique(answers), average=None, zero_division=0)
    )


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_average_precision_is_the_mean_over_tags_with_images(seed: int, labels: int, decimals: int) -> None:
    scores, answers = draw_one_tag(seed, labels, decimals)
    wanted = [reference.average_precision_score(answers == tag, scores[:, tag]) for tag in np.unique(answers)]
    found = classification.compute_macro_average_precision(scores, answers)
    assert found == exactly(np.mean(wanted))


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


def test_bins_hold_every_guess_once_also_at_nought_and_one() -> None:
    bins = calibration.fill_bins(np.array([0.0, 0.2, 0.2 + 1e-9, 1.0]), np.array([True] * 4), num_bins=5)
    assert bins.count.tolist() == [2, 1, 0, 0, 1]


def test_a_thinned_curve_keeps_its_ends() -> None:
    scores = np.linspace(1, 0, 1000)
    curve = curves.build_curve(scores, np.arange(1000) % 3 == 0)
    thin = curve.thin(101)
    assert len(thin.recall) == 101
    assert (thin.thresholds[0], thin.thresholds[-1]) == (1.0, 0.0)
    assert thin.recall[-1] == 1.0

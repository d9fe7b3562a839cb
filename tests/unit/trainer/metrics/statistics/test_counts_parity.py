"""Counts of right and wrong tags against scikit-learn, on randomized guesses."""

from functools import partial

import numpy as np
import pytest
from sklearn import metrics as reference

from darkroom_trainer.metrics.statistics import counts
from tests.unit.trainer.metrics.guess_cases import ONE_TAG, draw_one_tag

exactly = partial(pytest.approx, rel=0, abs=1e-12)


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

"""Scores of images with any number of tags against scikit-learn, on randomized guesses."""

import warnings
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as reference

from darkroom_trainer.metrics.statistics import curves
from darkroom_trainer.metrics.statistics.counts import count_flags, summarize
from darkroom_trainer.metrics.tag_scores import multilabel_scores
from tests.unit.metrics.guess_cases import ONE_TAG, draw_many_tags

exactly = partial(pytest.approx, rel=0, abs=1e-12)


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_average_precision_in_all_four_averages(seed: int, labels: int, decimals: int) -> None:
    scores, relevant = draw_many_tags(seed, labels, decimals)
    present = relevant.any(axis=0)
    found = multilabel_scores.average_precisions(scores, relevant)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        macro = reference.average_precision_score(relevant[:, present], scores[:, present], average="macro")
        others = [reference.average_precision_score(relevant, scores, average=name) for name in ("micro", "weighted")]
        samples = _average_over_images(scores, relevant)
    assert (found.macro, found.micro, found.weighted, found.samples) == exactly((macro, *others, samples))


def _average_over_images(scores: np.ndarray, relevant: np.ndarray) -> float:
    """Return scikit-learn's average over images; 0 for an image without tags, whatever its release makes of that."""
    rows = [
        reference.average_precision_score(row, row_scores) if row.any() else 0.0
        for row, row_scores in zip(relevant, scores, strict=True)
    ]
    return float(np.mean(rows))


@pytest.mark.parametrize("batch", [1, 7, 60])
def test_average_over_images_does_not_depend_on_the_batch(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scores, relevant = draw_many_tags(0, 9, 1)
    monkeypatch.setattr(multilabel_scores, "SAMPLES_AT_ONCE", batch)
    assert multilabel_scores.average_precisions(scores, relevant).samples == exactly(
        _average_over_images(scores, relevant)
    )


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.8, 1.1])
@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_precision_recall_f1_and_jaccard_at_a_threshold(
    seed: int, labels: int, decimals: int, threshold: float
) -> None:
    scores, relevant = draw_many_tags(seed, labels, decimals)
    _compare_flags(multilabel_scores.select_above(scores, threshold), relevant)
    assert multilabel_scores.select_above(np.array([[threshold]]), threshold).all()


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_precision_recall_and_f1_of_the_k_best(seed: int, labels: int, decimals: int, k: int) -> None:
    scores, relevant = draw_many_tags(seed, labels, decimals)
    guessed = multilabel_scores.select_best(scores, k)
    assert (guessed.sum(axis=1) == min(k, labels)).all()
    assert (np.where(guessed, scores, 2).min(axis=1) >= np.where(guessed, -1, scores).max(axis=1)).all()
    _compare_flags(guessed, relevant)


def _compare_flags(guessed: np.ndarray, relevant: np.ndarray) -> None:
    options = {"zero_division": 0, "average": "samples"}
    assert multilabel_scores.compute_sample_precision(guessed, relevant) == exactly(
        reference.precision_score(relevant, guessed, **options)
    )
    assert multilabel_scores.compute_sample_recall(guessed, relevant) == exactly(
        reference.recall_score(relevant, guessed, **options)
    )
    assert multilabel_scores.compute_shared(guessed, relevant) == exactly(
        reference.jaccard_score(relevant, guessed, **options)
    )
    seen, present = (guessed | relevant).any(axis=0), relevant.any(axis=0)
    summary = summarize(count_flags(relevant, guessed))
    macro = {"zero_division": 0, "average": "macro"}
    if seen.any():
        precision = reference.precision_score(relevant[:, seen], guessed[:, seen], **macro)
        f1 = reference.f1_score(relevant[:, seen], guessed[:, seen], **macro)
        assert (summary.precision.macro, summary.f1.macro) == exactly((precision, f1))
    recall = reference.recall_score(relevant[:, present], guessed[:, present], **macro)
    assert summary.recall.macro == exactly(recall)
    micro = reference.f1_score(relevant, guessed, zero_division=0, average="micro")
    assert summary.f1.micro == exactly(micro)


@pytest.mark.parametrize(("seed", "labels", "decimals"), ONE_TAG)
def test_precision_at_eleven_recalls_is_the_best_from_there_on(seed: int, labels: int, decimals: int) -> None:
    scores, relevant = draw_many_tags(seed, labels, decimals)
    for tag in np.flatnonzero(relevant.any(axis=0)):
        precision, recall, _ = reference.precision_recall_curve(relevant[:, tag], scores[:, tag])
        reached = [precision[:-1][recall[:-1] >= tenth / 10 - 1e-9].max() for tenth in range(11)]
        found = curves.compute_interpolated_precision(scores[:, tag], relevant[:, tag])
        assert found == exactly(np.mean(reached))


def test_without_any_tag_all_scores_are_nought() -> None:
    scores, relevant = np.full((3, 2), 0.9), np.zeros((3, 2), dtype=bool)
    assert set(vars(multilabel_scores.average_precisions(scores, relevant)).values()) == {0.0}
    assert multilabel_scores.compute_interpolated_mean(scores, relevant) == 0.0

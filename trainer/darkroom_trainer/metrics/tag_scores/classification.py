"""Scores of images with one tag each or any number of them, as the status shows them.

Definitions follow microsoft/vision-evaluation 0.2.14, whose names the replaced service returned. Must not import torch.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, ScoreInterval, TagPerformance
from darkroom_predict.predictions import Integers, Prediction, Truth
from darkroom_trainer.metrics.statistics import bootstrap, calibration
from darkroom_trainer.metrics.statistics.counts import compute_balanced_accuracy, count_flags, count_guesses
from darkroom_trainer.metrics.statistics.curves import Flags, Scores
from darkroom_trainer.metrics.tag_scores import multilabel_scores

DEFAULT_THRESHOLD: Final = 0.5
"""Confidence from which a tag of many is given, where none was chosen."""


def measure_classification(
    predictions: Sequence[Prediction], truths: Sequence[Truth], labels: Sequence[str]
) -> Performance:
    """Return the scores of a classifier; `measured_on` is the caller's to set."""
    scores, answers = stack_scores(predictions, len(labels)), stack_answers(truths)
    right = scores.argmax(axis=1) == answers
    counts = count_guesses(answers, scores.argmax(axis=1), len(labels))
    top1 = float(right.mean())
    return Performance(
        measured_on=MeasuredOn.HOLD_OUT,
        images=len(answers),
        score=round_score(top1),
        score_interval=build_interval(
            bootstrap.compute_interval(len(answers), bootstrap.measure_share(right), work=len(answers))
        ),
        accuracy_top1=round_score(top1),
        accuracy_top5=round_score(compute_top_k_accuracy(scores, answers, 5)),
        balanced_accuracy=round_score(compute_balanced_accuracy(counts)),
        average_precision=round_score(compute_macro_average_precision(scores, answers)),
        calibration_ece=round_score(compute_calibration_error(scores, answers)),
        tag_performance=_build_tags(counts.recall, labels),
    )


def measure_multilabel(
    predictions: Sequence[Prediction],
    truths: Sequence[Truth],
    labels: Sequence[str],
    threshold: float = DEFAULT_THRESHOLD,
) -> Performance:
    """Return the scores of a classifier with any number of tags; its score is the mean average precision over tags."""
    scores, relevant = stack_scores(predictions, len(labels)), stack_relevant(truths, len(labels))
    precision = multilabel_scores.average_precisions(scores, relevant).macro
    interval = bootstrap.compute_interval(
        len(scores), bootstrap.measure_mean_precision(scores, relevant), work=scores.size
    )
    recalls = count_flags(relevant, multilabel_scores.select_above(scores, threshold)).recall
    return Performance(
        measured_on=MeasuredOn.HOLD_OUT,
        images=len(scores),
        score=round_score(precision),
        score_interval=build_interval(interval),
        average_precision=round_score(precision),
        tag_performance=_add_precisions(_build_tags(recalls, labels), scores, relevant),
    )


def _add_precisions(tags: dict[str, TagPerformance], scores: Scores, relevant: Flags) -> dict[str, TagPerformance]:
    """Return the tags with their average precision, where any image has them."""
    values = multilabel_scores.compute_tag_precisions(scores, relevant)
    found = {
        label: tag.model_copy(update={"average_precision": round_score(values[at])})
        for at, (label, tag) in enumerate(tags.items())
        if relevant[:, at].any()
    }
    return tags | found


def stack_scores(predictions: Sequence[Prediction], num_labels: int) -> Scores:
    """Return the scores (N, C) in label order."""
    scores = np.zeros((len(predictions), num_labels))
    for row, prediction in zip(scores, predictions, strict=True):
        row[prediction.labels] = prediction.scores
    return scores


def stack_answers(truths: Sequence[Truth]) -> Integers:
    """Return the one tag (N,) of each image."""
    return np.array([truth.labels[0] for truth in truths], dtype=np.int64)


def stack_relevant(truths: Sequence[Truth], num_labels: int) -> Flags:
    """Return the tags (N, C) that each image has."""
    relevant = np.zeros((len(truths), num_labels), dtype=bool)
    for row, truth in zip(relevant, truths, strict=True):
        row[truth.labels] = True
    return relevant


def compute_top_k_accuracy(scores: Scores, answers: Integers, k: int) -> float:
    """Return how often the answer is among the `k` best; k is at most the number of labels."""
    return float(find_top_k(scores, answers, k).mean())


def find_top_k(scores: Scores, answers: Integers, k: int) -> Flags:
    """Return for each image (N,) whether the answer is among the `k` best; of equal scores the first count."""
    own = scores[np.arange(len(answers)), answers][:, None]
    is_before = np.arange(scores.shape[1]) < answers[:, None]
    return np.asarray(((scores > own) | ((scores == own) & is_before)).sum(axis=1) < k)


def compute_macro_average_precision(scores: Scores, answers: Integers) -> float:
    """Return the mean average precision over labels that have images."""
    relevant = answers[:, None] == np.arange(scores.shape[1])
    present = np.unique(answers)
    return float(multilabel_scores.compute_tag_precisions(scores[:, present], relevant[:, present]).mean())


def compute_calibration_error(scores: Scores, answers: Integers, num_bins: int = calibration.BINS) -> float:
    """Return the expected calibration error of the best guess."""
    return calibration.fill_bins(scores.max(axis=1), scores.argmax(axis=1) == answers, num_bins).error


def build_interval(interval: bootstrap.Interval | None) -> ScoreInterval | None:
    """Return the interval as the status shows it."""
    if interval is None:
        return None
    return ScoreInterval(low=round_score(interval.low), high=round_score(interval.high))


def round_score(value: float) -> float:
    """Return the score with the five decimals that files and statuses carry."""
    return round(float(value), 5)


def _build_tags(recalls: Scores, labels: Sequence[str]) -> dict[str, TagPerformance]:
    return {label: TagPerformance(accuracy=round_score(recall)) for label, recall in zip(labels, recalls, strict=True)}

"""Classification scores: top-k accuracy, average precision, calibration error, accuracy of each tag.

Definitions follow microsoft/vision-evaluation 0.2.14, whose names the replaced service returned. Must not import torch.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, TagPerformance
from darkroom_trainer.tasks.predictions import Integers, Prediction, Truth

CALIBRATION_BINS: Final = 15
Scores = npt.NDArray[np.float64]


def measure_classification(
    predictions: Sequence[Prediction], truths: Sequence[Truth], labels: Sequence[str]
) -> Performance:
    """Return the scores of a classifier; `measured_on` is the caller's to set."""
    scores = stack_scores(predictions, len(labels))
    answers = np.array([truth.labels[0] for truth in truths], dtype=np.int64)
    top1 = compute_top_k_accuracy(scores, answers, 1)
    recalls = compute_recalls(scores, answers)
    return Performance(
        measured_on=MeasuredOn.HOLD_OUT,
        images=len(answers),
        score=_rounded(top1),
        accuracy_top1=_rounded(top1),
        accuracy_top5=_rounded(compute_top_k_accuracy(scores, answers, 5)),
        average_precision=_rounded(compute_macro_average_precision(scores, answers)),
        calibration_ece=_rounded(compute_calibration_error(scores, answers)),
        tag_performance={label: TagPerformance(accuracy=_rounded(recalls[at])) for at, label in enumerate(labels)},
    )


def stack_scores(predictions: Sequence[Prediction], num_labels: int) -> Scores:
    """Return the scores (N, C) in label order."""
    scores = np.zeros((len(predictions), num_labels))
    for row, prediction in zip(scores, predictions, strict=True):
        row[prediction.labels] = prediction.scores
    return scores


def compute_top_k_accuracy(scores: Scores, answers: Integers, k: int) -> float:
    """Return how often the answer is among the `k` best; k is at most the number of labels."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float(np.mean((best == answers[:, None]).any(axis=1)))


def compute_recalls(scores: Scores, answers: Integers) -> npt.NDArray[np.float64]:
    """Return for each label how many of its images were recognized; 0 for a label without images."""
    right = scores.argmax(axis=1) == answers
    num_labels = scores.shape[1]
    found = np.bincount(answers[right], minlength=num_labels)
    return found / np.maximum(1, np.bincount(answers, minlength=num_labels))


def compute_macro_average_precision(scores: Scores, answers: Integers) -> float:
    """Return the mean average precision over labels that have images."""
    present = np.unique(answers)
    return float(np.mean([compute_average_precision(scores[:, label], answers == label) for label in present]))


def compute_average_precision(scores: Scores, relevant: npt.NDArray[np.bool_]) -> float:
    """Return the sum of precision times gain in recall over falling scores; equal scores count as one step."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(relevant[order])
    last_of_step = np.append(np.diff(scores[order]) != 0, True)
    precisions = hits[last_of_step] / (np.flatnonzero(last_of_step) + 1)
    recalls = hits[last_of_step] / max(1, int(relevant.sum()))
    return float(np.sum(precisions * np.diff(recalls, prepend=0.0)))


def compute_calibration_error(scores: Scores, answers: Integers, num_bins: int = CALIBRATION_BINS) -> float:
    """Return the expected calibration error of the best guess over equal bins (low, high].

    Guo et al., On Calibration of Modern Neural Networks, 2017: sum over bins of |correct - confidence| / N.
    """
    confidences = scores.max(axis=1)
    gaps = (scores.argmax(axis=1) == answers) - confidences
    bins = np.clip(np.ceil(confidences * num_bins).astype(int) - 1, 0, num_bins - 1)
    return float(np.abs(np.bincount(bins, weights=gaps, minlength=num_bins)).sum() / len(answers))


def _rounded(value: float) -> float:
    return round(float(value), 5)

"""Scores of products on shelves: as a detector's, and of its two parts, the boxes and the names.

Must not import torch.
"""

from collections.abc import Sequence

import numpy as np

from darkroom_api.v1alpha1.common import Performance
from darkroom_predict.predictions import Integers, Prediction, Truth, compute_overlaps
from darkroom_trainer.metrics.box_scores import coco_scores, detection
from darkroom_trainer.metrics.box_scores.boxes import tabulate_predictions, tabulate_truths
from darkroom_trainer.metrics.tag_scores.classification import round_score


def measure_recognition(
    predictions: Sequence[Prediction], truths: Sequence[Truth], labels: Sequence[str], gap: int
) -> Performance:
    """Return the scores of a product recognizer; `measured_on` is the caller's to set, `gap` the gap's label or -1."""
    parts = {
        "box_average_precision50": compute_box_precision(predictions, truths, gap),
        "product_accuracy_top1": compute_product_accuracy(predictions, truths, gap),
    }
    known = {name: round_score(value) for name, value in parts.items() if value is not None}
    return detection.measure_detection(predictions, truths, labels).model_copy(update=known)


def compute_box_precision(predictions: Sequence[Prediction], truths: Sequence[Truth], gap: int) -> float | None:
    """Return the mean average precision at IoU 0.5 of two tags, any product and gap; None without boxes."""
    if not any(len(truth.labels) for truth in truths):
        return None
    found = [Prediction(_merge(guess.labels, gap), guess.scores, guess.boxes) for guess in predictions]
    true = [Truth(_merge(truth.labels, gap), truth.boxes, truth.crowd) for truth in truths]
    evaluation = coco_scores.evaluate_boxes(tabulate_predictions(found), tabulate_truths(true), 2)
    return evaluation.mean((detection.SCORE_OVERLAP,))


def _merge(labels: Integers, gap: int) -> Integers:
    return np.asarray(labels == gap, dtype=np.int64)


def compute_product_accuracy(predictions: Sequence[Prediction], truths: Sequence[Truth], gap: int) -> float | None:
    """Return how many of the products whose box is found get the right name; None where none is found.

    A box is found by the prediction that overlaps it most, by at least IoU 0.5, and takes that one's name.
    """
    right = [
        is_right
        for guess, truth in zip(predictions, truths, strict=True)
        if len(truth.labels) and len(guess.labels)
        for is_right in _compare_names(guess, truth, gap)
    ]
    return float(np.mean(right)) if right else None


def _compare_names(guess: Prediction, truth: Truth, gap: int) -> list[bool]:
    overlaps = compute_overlaps(truth.boxes, guess.boxes)
    best = overlaps.argmax(axis=1)
    is_found = (overlaps[np.arange(len(best)), best] >= detection.SCORE_OVERLAP) & (truth.labels != gap)
    if truth.crowd is not None:
        is_found &= ~truth.crowd
    return list((guess.labels[best] == truth.labels)[is_found])

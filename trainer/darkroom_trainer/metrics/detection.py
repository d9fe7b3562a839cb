"""Detection scores: COCO's mean average precision at fixed overlaps, and of each tag.

Definitions follow microsoft/vision-evaluation 0.2.14: up to 300 boxes an image, all areas, tags without truth left out.
Must not import torch.
"""

import contextlib
import io
import logging
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, TagPerformance
from darkroom_trainer.metrics.baseline import BaselineTest, compare_answers
from darkroom_trainer.tasks.predictions import Floats, Prediction, Truth, compute_overlaps

OVERLAPS: Final = (0.3, 0.5, 0.75)
MAX_BOXES: Final = 300
LEAST_FOUND_SHARE: Final = 0.02
DEFAULT_THRESHOLD: Final = 0.3
_SIDE: Final = 1000.0
"""Relative boxes are scaled up, as COCO's code was written for pixels; overlaps do not depend on it."""


def measure_detection(predictions: Sequence[Prediction], truths: Sequence[Truth], labels: Sequence[str]) -> Performance:
    """Return the scores of a detector; `measured_on` is the caller's to set."""
    table = compute_average_precisions(predictions, truths, len(labels))
    present = np.unique(np.concatenate([truth.labels for truth in truths])) if truths else np.array([], dtype=np.int64)
    means = [_rounded(table[row, present].mean()) if len(present) else 0.0 for row in range(len(OVERLAPS))]
    tags = {labels[label]: TagPerformance(average_precision50=_rounded(table[1, label])) for label in present}
    return Performance(
        measured_on=MeasuredOn.HOLD_OUT,
        images=len(truths),
        score=means[1],
        mean_average_precision30=means[0],
        mean_average_precision50=means[1],
        mean_average_precision75=means[2],
        tag_performance=tags,
    )


def compute_average_precisions(predictions: Sequence[Prediction], truths: Sequence[Truth], num_labels: int) -> Any:
    """Return the average precision (overlaps, labels); 0 where a label has truth and no right box, or no truth."""
    table = np.zeros((len(OVERLAPS), num_labels))
    boxes = _build_results(predictions)
    if not boxes or not any(len(truth.labels) for truth in truths):
        return table
    precision = _accumulate(_build_ground_truth(truths, num_labels), boxes)
    values = precision[:, :, :, 0, -1].mean(axis=1)
    return np.maximum(values, 0.0)


def _accumulate(ground_truth: dict[str, Any], results: list[dict[str, Any]]) -> Any:
    """Return COCO's precision array (overlaps, recalls, labels, areas, box limits)."""
    from faster_coco_eval import COCO, COCOeval_faster

    logging.getLogger("faster_coco_eval").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(ground_truth)
        evaluation = COCOeval_faster(truth, truth.loadRes(results), iouType="bbox")
        evaluation.params.iouThrs = np.array(OVERLAPS)
        evaluation.params.areaRng = [[0.0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = [MAX_BOXES]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"]


def _build_ground_truth(truths: Sequence[Truth], num_labels: int) -> dict[str, Any]:
    annotations = [
        {"image_id": image_id, "category_id": int(label), "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        for image_id, truth in enumerate(truths)
        for label, box in zip(truth.labels, _scale(truth.boxes), strict=True)
    ]
    return {
        "info": {},
        "images": [{"id": image_id, "width": _SIDE, "height": _SIDE} for image_id in range(len(truths))],
        "annotations": [{**annotation, "id": at + 1} for at, annotation in enumerate(annotations)],
        "categories": [{"id": label, "name": str(label)} for label in range(num_labels)],
    }


def _build_results(predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    return [
        {"image_id": image_id, "category_id": int(label), "bbox": box, "score": float(score)}
        for image_id, prediction in enumerate(predictions)
        for label, score, box in zip(prediction.labels, prediction.scores, _scale(prediction.boxes), strict=True)
    ]


def _scale(boxes: Floats) -> list[list[float]]:
    scaled: list[list[float]] = (boxes.astype(np.float64) * _SIDE).tolist()
    return scaled


def compare_box_labels(predictions: Sequence[Prediction], truths: Sequence[Truth]) -> BaselineTest:
    """Compare the tag of the best box over each true box (overlap at least 0.5) with the most common tag.

    Shuffled tags leave the boxes findable, so a detector is held against guessing the tag of a box that it found.
    """
    guesses: list[int] = []
    answers: list[int] = []
    for prediction, truth in zip(predictions, truths, strict=True):
        if not len(truth.labels) or not len(prediction.labels):
            continue
        overlapping = compute_overlaps(truth.boxes, prediction.boxes) >= 0.5
        for label, candidates in zip(truth.labels, overlapping, strict=True):
            if candidates.any():
                guesses.append(int(prediction.labels[np.flatnonzero(candidates)[0]]))
                answers.append(int(label))
    return compare_answers(np.array(guesses, dtype=np.int64), np.array(answers, dtype=np.int64))


def compute_found_share(predictions: Sequence[Prediction], truths: Sequence[Truth]) -> BaselineTest:
    """Compare the share of true boxes that any predicted box covers with finding nothing."""
    total = sum(len(truth.labels) for truth in truths)
    found = sum(
        int((compute_overlaps(truth.boxes, prediction.boxes) >= 0.5).any(axis=1).sum())
        for prediction, truth in zip(predictions, truths, strict=True)
        if len(truth.labels) and len(prediction.labels)
    )
    return BaselineTest(score=found / max(1, total), baseline=0.0, noise=LEAST_FOUND_SHARE, count=total)


def choose_threshold(predictions: Sequence[Prediction], truths: Sequence[Truth]) -> float:
    """Return the confidence with the best F1 at IoU 0.5; `DEFAULT_THRESHOLD` without boxes."""
    marks = [mark for pair in zip(predictions, truths, strict=True) for mark in _mark_right(*pair)]
    total = sum(len(truth.labels) for truth in truths)
    if not marks or not total:
        return DEFAULT_THRESHOLD
    scores, right = (np.array(values) for values in zip(*sorted(marks, reverse=True), strict=True))
    shown = np.arange(1, len(scores) + 1)
    quality = 2 * np.cumsum(right) / (shown + total)
    best = int(quality.argmax())
    following = scores[best + 1] if best + 1 < len(scores) else 0.0
    return round(float(np.clip((scores[best] + following) / 2, 0.05, 0.95)), 3)


def _mark_right(prediction: Prediction, truth: Truth) -> list[tuple[float, bool]]:
    """Return each box's score and whether it is the first good one of its tag over a true box."""
    free = np.ones(len(truth.labels), dtype=bool)
    marks = []
    overlaps = compute_overlaps(prediction.boxes, truth.boxes) if len(truth.labels) else None
    for at, (label, score) in enumerate(zip(prediction.labels, prediction.scores, strict=True)):
        candidates = np.zeros(0) if overlaps is None else overlaps[at] * free * (truth.labels == label)
        is_right = bool(candidates.size and candidates.max() >= 0.5)
        if is_right:
            free[candidates.argmax()] = False
        marks.append((float(score), is_right))
    return marks


def _rounded(value: float) -> float:
    return round(float(value), 5)

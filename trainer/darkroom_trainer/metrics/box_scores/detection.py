"""Scores of boxes, as the status shows them, and the comparisons behind TrainingDiverged and the threshold.

Definitions follow microsoft/vision-evaluation 0.2.14: up to 300 boxes an image, all areas, tags without truth left out.
Must not import torch.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, TagPerformance
from darkroom_predict.predictions import Prediction, Truth, compute_overlaps
from darkroom_trainer.metrics.box_scores import coco_scores, matching
from darkroom_trainer.metrics.box_scores.box_intervals import compute_box_interval
from darkroom_trainer.metrics.box_scores.boxes import tabulate_predictions, tabulate_truths
from darkroom_trainer.metrics.statistics import thresholds
from darkroom_trainer.metrics.statistics.baseline import BaselineTest, compare_answers
from darkroom_trainer.metrics.tag_scores.classification import build_interval, round_score

SCORE_OVERLAP: Final = 0.5
LEAST_FOUND_SHARE: Final = 0.02
LEAST_FOUND_BOXES: Final = 50
LEAST_TRUE_BOXES: Final = 16
"""A detector that finds a third of all boxes misses so many in one run of 650: fewer that are missed show nothing."""
DEFAULT_THRESHOLD: Final = 0.3


def measure_detection(predictions: Sequence[Prediction], truths: Sequence[Truth], labels: Sequence[str]) -> Performance:
    """Return the scores of a detector; `measured_on` is the caller's to set."""
    found, truth = tabulate_predictions(predictions), tabulate_truths(truths)
    evaluation = coco_scores.evaluate_boxes(found, truth, len(labels))
    means = [round_score(evaluation.mean((overlap,))) for overlap in coco_scores.SERVICE_OVERLAPS]
    tags = evaluation.average(SCORE_OVERLAP)
    return Performance(
        measured_on=MeasuredOn.HOLD_OUT,
        images=len(truths),
        score=means[1],
        score_interval=build_interval(compute_box_interval(found, truth, len(truths), SCORE_OVERLAP)),
        mean_average_precision30=means[0],
        mean_average_precision50=means[1],
        mean_average_precision75=means[2],
        mean_average_precision=round_score(evaluation.mean(coco_scores.COCO_OVERLAPS, coco_scores.COCO_BOXES)),
        tag_performance={
            labels[tag]: TagPerformance(average_precision50=round_score(tags[tag])) for tag in evaluation.present
        },
    )


def compare_box_labels(predictions: Sequence[Prediction], truths: Sequence[Truth]) -> BaselineTest:
    """Compare the tag of the best box over each true box (overlap at least 0.5) with the most common tag.

    Shuffled tags leave the boxes findable, so a detector is held against guessing the tag of a box that it found. Few
    boxes say nothing: it tells tags apart late, and of few images a short training learned little that is right.
    """
    guesses: list[int] = []
    answers: list[int] = []
    for prediction, truth in zip(predictions, map(_leave_out_crowds, truths), strict=True):
        if not len(truth.labels) or not len(prediction.labels):
            continue
        overlapping = compute_overlaps(truth.boxes, prediction.boxes) >= SCORE_OVERLAP
        for label, candidates in zip(truth.labels, overlapping, strict=True):
            if candidates.any():
                guesses.append(int(prediction.labels[np.flatnonzero(candidates)[0]]))
                answers.append(int(label))
    test = compare_answers(np.array(guesses, dtype=np.int64), np.array(answers, dtype=np.int64))
    return test if test.count >= LEAST_FOUND_BOXES else dataclasses.replace(test, noise=1.0)


def compute_found_share(predictions: Sequence[Prediction], truths: Sequence[Truth]) -> BaselineTest:
    """Compare the share of true boxes that any predicted box covers with finding nothing."""
    singles = [_leave_out_crowds(truth) for truth in truths]
    total = sum(len(truth.labels) for truth in singles)
    found = sum(
        int((compute_overlaps(truth.boxes, prediction.boxes) >= SCORE_OVERLAP).any(axis=1).sum())
        for prediction, truth in zip(predictions, singles, strict=True)
        if len(truth.labels) and len(prediction.labels)
    )
    noise = LEAST_FOUND_SHARE if total >= LEAST_TRUE_BOXES else 1.0
    return BaselineTest(score=found / max(1, total), baseline=0.0, noise=noise, count=total)


def _leave_out_crowds(truth: Truth) -> Truth:
    return truth if truth.crowd is None else Truth(truth.labels[~truth.crowd], truth.boxes[~truth.crowd])


def choose_threshold(predictions: Sequence[Prediction], truths: Sequence[Truth]) -> float:
    """Return the confidence to show boxes from, by F1 at IoU 0.5; `DEFAULT_THRESHOLD` where none is right."""
    found, truth = tabulate_predictions(predictions), tabulate_truths(truths)
    matches = matching.match_boxes(found, truth, SCORE_OVERLAP)
    counted, total = ~matches.ignored, int((~truth.crowd).sum())
    scores, right = found.scores[counted], matches.right[counted]
    return thresholds.choose_threshold(scores, right, total) if right.any() else DEFAULT_THRESHOLD

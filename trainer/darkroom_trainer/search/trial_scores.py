"""The one score that recipes are compared by, without what a report needs besides.

Owns which score that is for each task; the same that the status shows. Must not import torch.
"""

import math
from collections.abc import Sequence

import numpy as np

from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind, Task
from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.metrics.box_scores import boxes, coco_scores
from darkroom_trainer.metrics.tag_scores import classification, multilabel_scores
from darkroom_trainer.search.halving import Score

OVERLAP = 0.5


def score_predictions(kind: Task, predictions: Sequence[Prediction], truths: Sequence[Truth], num_labels: int) -> Score:
    """Return the score of aligned predictions and truths, with the standard error of a share of as many images."""
    value = _compute_score(TASK_ANNOTATIONS[kind], predictions, truths, num_labels)
    value = 0.0 if math.isnan(value) else value
    return Score(value, math.sqrt(value * (1 - value) / max(1, len(truths))))


def _compute_score(
    kind: AnnotationKind, predictions: Sequence[Prediction], truths: Sequence[Truth], num_labels: int
) -> float:
    if kind is AnnotationKind.DETECTION:
        found, truth = boxes.tabulate_predictions(predictions), boxes.tabulate_truths(truths)
        return coco_scores.evaluate_boxes(found, truth, num_labels).mean((OVERLAP,))
    if kind is AnnotationKind.MULTILABEL:
        scores = classification.stack_scores(predictions, num_labels)
        relevant = classification.stack_relevant(truths, num_labels)
        present = relevant.any(axis=0)
        return (
            float(multilabel_scores.compute_tag_precisions(scores, relevant)[present].mean()) if present.any() else 0.0
        )
    right = [prediction.labels[0] == truth.labels[0] for prediction, truth in zip(predictions, truths, strict=True)]
    return float(np.mean(right)) if right else 0.0

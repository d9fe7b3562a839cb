"""The record of scores in metrics.json: everything that is measured of a model, by its task.

Owns the choice of record. Must not import torch, so that predictions can be measured where there is none.
"""

from collections.abc import Sequence
from typing import Any

from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind, Task
from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.metrics.box_scores import detection_record
from darkroom_trainer.metrics.box_scores.boxes import tabulate_predictions, tabulate_truths
from darkroom_trainer.metrics.tag_scores import classification_record, multilabel_record
from darkroom_trainer.metrics.tag_scores.classification import (
    DEFAULT_THRESHOLD,
    stack_answers,
    stack_relevant,
    stack_scores,
)


def build_record(
    task: Task, predictions: Sequence[Prediction], truths: Sequence[Truth], labels: Sequence[str], threshold: float
) -> dict[str, Any]:
    """Return all scores of aligned predictions and truths in JSON form; empty where there are no images.

    `threshold` is the confidence from which answers are shown; a multilabel classifier without one shows from 0.5.
    """
    if not truths:
        return {}
    kind = TASK_ANNOTATIONS[task]
    if kind is AnnotationKind.DETECTION:
        found, truth = tabulate_predictions(predictions), tabulate_truths(truths)
        return detection_record.build_record(found, truth, len(truths), labels, threshold)
    scores = stack_scores(predictions, len(labels))
    if kind is AnnotationKind.MULTILABEL:
        relevant = stack_relevant(truths, len(labels))
        return multilabel_record.build_record(scores, relevant, labels, threshold or DEFAULT_THRESHOLD)
    return classification_record.build_record(scores, stack_answers(truths), labels)

"""Predictions and truths of each task, for the tests of the records of scores."""

import numpy as np

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction, Truth, build_truth
from tests.unit.trainer.metrics.coco_cases import Shape, build_case
from tests.unit.trainer.metrics.guess_cases import draw_many_tags, draw_one_tag

NO_BOXES = np.zeros((0, 4), dtype=np.float32)


def name_tags(count: int) -> tuple[str, ...]:
    return tuple(f"tag {number}" for number in range(count))


def as_predictions(scores: np.ndarray) -> list[Prediction]:
    orders = np.argsort(-scores, axis=1, kind="stable")
    return [Prediction(order, row[order], NO_BOXES) for row, order in zip(scores, orders, strict=True)]


def a_set(task: Task, labels: int = 4) -> tuple[list[Prediction], list[Truth]]:
    if task is Task.DETECTOR:
        return build_case(3, Shape(images=20, labels=labels, crowd_share=0.1))
    if task is Task.CLASSIFIER:
        scores, answers = draw_one_tag(3, labels, 12)
        return as_predictions(scores), [build_truth([answer], []) for answer in answers]
    scores, relevant = draw_many_tags(3, labels, 12)
    return as_predictions(scores), [build_truth(np.flatnonzero(row), []) for row in relevant]

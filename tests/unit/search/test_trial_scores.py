"""The score that recipes are compared by: of each task the same that the status shows, with its error."""

import math

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.metrics.box_scores.detection import measure_detection
from darkroom_trainer.search.trial_scores import score_predictions

NO_BOXES = np.zeros((0, 4), dtype=np.float32)
HERE, THERE = (0.1, 0.1, 0.2, 0.2), (0.6, 0.6, 0.2, 0.2)
LABELS = ("a", "b", "c")


def a_ranking(*scores: float) -> Prediction:
    """Return all tags, best first, by the scores of tag 0, 1, ..."""
    values = np.array(scores, dtype=np.float32)
    order = np.argsort(-values, kind="stable")
    return Prediction(order, values[order], NO_BOXES)


def some_tags(*labels: int) -> Truth:
    """Return the tags of an image."""
    return Truth(np.array(labels, dtype=np.int64), NO_BOXES)


def some_boxes(*found: tuple[int, tuple[float, ...]]) -> tuple[Prediction, Truth]:
    """Return boxes with tags, as guesses of falling scores and as what is true."""
    labels = np.array([label for label, _ in found], dtype=np.int64)
    boxes = np.array([box for _, box in found], dtype=np.float32).reshape(-1, 4)
    scores = np.linspace(0.9, 0.6, len(found), dtype=np.float32)
    return Prediction(labels, scores, boxes), Truth(labels, boxes)


def test_one_tag_is_scored_by_how_often_the_best_is_right() -> None:
    guesses = [a_ranking(0.9, 0.1), a_ranking(0.2, 0.8), a_ranking(0.7, 0.3), a_ranking(0.6, 0.4)]
    truths = [some_tags(0), some_tags(1), some_tags(0), some_tags(1)]
    score = score_predictions(Task.CLASSIFIER, guesses, truths, 2)
    assert score.value == 0.75
    assert score.standard_error == pytest.approx(math.sqrt(0.75 * 0.25 / 4))


def test_several_tags_are_scored_by_their_order_in_each_tag_that_there_is() -> None:
    guesses = [a_ranking(0.9, 0.1, 0.9), a_ranking(0.8, 0.7, 0.9), a_ranking(0.1, 0.9, 0.9)]
    truths = [some_tags(0), some_tags(0, 1), some_tags()]
    score = score_predictions(Task.MULTILABEL_CLASSIFIER, guesses, truths, 3)
    assert score.value == pytest.approx((1.0 + 0.5) / 2), "tag 1 comes second; tag 2 is nowhere and does not count"


@pytest.mark.parametrize("task", [Task.DETECTOR, Task.PRODUCT_RECOGNIZER], ids=str)
def test_boxes_are_scored_by_mean_average_precision_as_the_status_has_it(task: Task) -> None:
    first, truth = some_boxes((0, HERE), (1, THERE))
    second, other = some_boxes((0, THERE), (1, HERE))[0], some_boxes((0, HERE), (1, HERE))[1]
    score = score_predictions(task, [first, second], [truth, other], 3)
    shown = measure_detection([first, second], [truth, other], LABELS).mean_average_precision50
    assert score.value == pytest.approx(shown, abs=1e-4)
    assert 0.5 < score.value < 1


NOTHING = [
    pytest.param(Task.CLASSIFIER, [], [], id="no images"),
    pytest.param(Task.MULTILABEL_CLASSIFIER, [a_ranking(0.5, 0.5)], [some_tags()], id="no tag anywhere"),
    pytest.param(Task.DETECTOR, [some_boxes((0, HERE))[0]], [some_boxes()[1]], id="no box anywhere"),
]


@pytest.mark.parametrize(("task", "predictions", "truths"), NOTHING)
def test_where_nothing_can_be_right_the_score_is_a_number(
    task: Task, predictions: list[Prediction], truths: list[Truth]
) -> None:
    score = score_predictions(task, predictions, truths, 2)
    assert (score.value, score.standard_error) == (0.0, 0.0)


def test_more_images_leave_a_smaller_error() -> None:
    guesses, truths = [a_ranking(0.9, 0.1), a_ranking(0.9, 0.1)], [some_tags(0), some_tags(1)]
    few = score_predictions(Task.CLASSIFIER, guesses, truths, 2)
    many = score_predictions(Task.CLASSIFIER, guesses * 50, truths * 50, 2)
    assert few.value == many.value
    assert few.standard_error > 5 * many.standard_error > 0

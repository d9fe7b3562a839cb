"""Which mistakes a report shows, for every kind of answer."""

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction, Truth, build_truth
from darkroom_trainer.report import mistakes

NO_BOXES = np.zeros((0, 4), dtype=np.float32)
BOX = (0.1, 0.1, 0.3, 0.3)
FAR = (0.6, 0.6, 0.2, 0.2)


def an_answer(scores: list[float]) -> Prediction:
    """Return the guess of a classifier from the score of each tag."""
    order = np.argsort(-np.array(scores), kind="stable")
    return Prediction(order, np.array(scores, dtype=np.float32)[order], NO_BOXES)


def some_boxes(*found: tuple[int, float, tuple[float, ...]]) -> Prediction:
    """Return predicted boxes of (label, score, box)."""
    labels, scores, boxes = zip(*found, strict=True) if found else ((), (), NO_BOXES)
    return Prediction(
        np.array(labels, dtype=np.int64), np.array(scores, dtype=np.float32), np.array(boxes, dtype=np.float32)
    )


def test_the_surest_wrong_answers_come_first_and_right_ones_are_left_out() -> None:
    predictions = [an_answer([0.6, 0.4]), an_answer([0.9, 0.1]), an_answer([0.1, 0.9]), an_answer([0.3, 0.7])]
    truths = [
        build_truth([1], NO_BOXES),
        build_truth([1], NO_BOXES),
        build_truth([1], NO_BOXES),
        build_truth([0], NO_BOXES),
    ]
    wrong, worst = mistakes.find_mistakes(Task.CLASSIFIER, predictions, truths, 0.0)
    assert wrong == 3
    assert [mistake.at for mistake in worst] == [1, 3, 0]
    assert worst[0].truth == (1,)
    assert [label for label, _ in worst[0].guesses] == [0, 1]
    assert [score for _, score in worst[0].guesses] == [pytest.approx(0.9), pytest.approx(0.1)]


def test_of_very_many_mistakes_only_the_worst_are_kept_and_all_are_counted() -> None:
    predictions = [an_answer([0.5 + at / 1000, 0.5 - at / 1000]) for at in range(400)]
    wrong, worst = mistakes.find_mistakes(Task.CLASSIFIER, predictions, [build_truth([1], NO_BOXES)] * 400, 0.0)
    assert wrong == 400
    assert [mistake.at for mistake in worst] == list(range(399, 399 - mistakes.MAX_SHOWN, -1))


def test_a_multilabel_mistake_is_as_bad_as_its_worst_tag() -> None:
    predictions = [an_answer([0.9, 0.8, 0.0]), an_answer([0.9, 0.3, 0.0]), an_answer([0.9, 0.1, 0.0])]
    truths = [build_truth([0], NO_BOXES), build_truth([0, 1], NO_BOXES), build_truth([0], NO_BOXES)]
    wrong, worst = mistakes.find_mistakes(Task.MULTILABEL_CLASSIFIER, predictions, truths, 0.5)
    assert wrong == 2
    assert [(mistake.at, mistake.what) for mistake in worst] == [(0, "false"), (1, "missed")]
    assert [mistake.grade for mistake in worst] == [pytest.approx(0.8), pytest.approx(0.7)]


DETECTIONS: dict[str, tuple[Prediction, Truth, list[str]]] = {
    "found": (some_boxes((0, 0.9, BOX)), build_truth([0], [BOX]), []),
    "missed": (some_boxes(), build_truth([0], [BOX]), ["missed"]),
    "found below the threshold is missed": (some_boxes((0, 0.2, BOX)), build_truth([0], [BOX]), ["missed"]),
    "of the wrong tag": (some_boxes((1, 0.9, BOX)), build_truth([0], [BOX]), ["missed", "false"]),
    "twice": (some_boxes((0, 0.9, BOX), (0, 0.8, BOX)), build_truth([0], [BOX]), ["false", "found", "right"]),
    "one found and one false": (
        some_boxes((0, 0.9, BOX), (1, 0.8, FAR)),
        build_truth([0], [BOX]),
        ["false", "found", "right"],
    ),
    "nothing there and nothing said": (some_boxes(), build_truth([], NO_BOXES), []),
    "a crowd that is not found is not missed": (
        some_boxes(),
        Truth(np.array([0]), np.array([BOX], dtype=np.float32), np.array([True])),
        [],
    ),
    "a crowd is neither missed nor false": (
        some_boxes((0, 0.9, BOX)),
        Truth(np.array([0]), np.array([BOX], dtype=np.float32), np.array([True])),
        [],
    ),
}


@pytest.mark.parametrize(("prediction", "truth", "kinds"), DETECTIONS.values(), ids=DETECTIONS)
def test_boxes_are_told_by_what_became_of_them(prediction: Prediction, truth: Truth, kinds: list[str]) -> None:
    wrong, worst = mistakes.find_mistakes(Task.DETECTOR, [prediction], [truth], 0.5)
    assert wrong == bool(kinds)
    assert [box["kind"] for mistake in worst for box in mistake.boxes] == kinds


def test_boxes_keep_their_places() -> None:
    _, worst = mistakes.find_mistakes(Task.DETECTOR, [some_boxes((1, 0.9, FAR))], [build_truth([0], [BOX])], 0.5)
    assert {box["kind"]: box["box"] for box in worst[0].boxes} == {
        "missed": pytest.approx(list(BOX), abs=1e-4),
        "false": pytest.approx(list(FAR), abs=1e-4),
    }


def test_images_with_false_and_with_missed_boxes_take_turns() -> None:
    false = [some_boxes((0, 0.6 + at / 100, FAR)) for at in range(20)]
    predictions = [*false, *[some_boxes()] * 20]
    truths = [*[build_truth([], NO_BOXES)] * 20, *[build_truth([0], [BOX])] * 20]
    wrong, worst = mistakes.find_mistakes(Task.DETECTOR, predictions, truths, 0.5)
    assert wrong == 40
    assert [mistake.at for mistake in worst[:4]] == [19, 20, 18, 21]
    assert len(worst) == mistakes.MAX_SHOWN

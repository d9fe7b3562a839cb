"""Detection scores on cases small enough to do by hand, and against pycocotools' definition."""

import numpy as np
import pytest

from darkroom_predict.predictions import Prediction, Truth, build_truth
from darkroom_trainer.metrics.box_scores import detection
from darkroom_trainer.metrics.box_scores.boxes import tabulate_predictions, tabulate_truths
from darkroom_trainer.metrics.box_scores.coco_scores import evaluate_boxes

LABELS = ("cat", "dog", "fox")
SQUARE = (0.1, 0.1, 0.4, 0.4)


def boxes(*found: tuple[int, float, tuple[float, float, float, float]]) -> Prediction:
    ordered = sorted(found, key=lambda entry: -entry[1])
    return Prediction(
        np.array([label for label, _, _ in ordered], dtype=np.int64),
        np.array([score for _, score, _ in ordered], dtype=np.float32),
        np.array([box for _, _, box in ordered], dtype=np.float32).reshape(-1, 4),
    )


def truth(*found: tuple[int, tuple[float, float, float, float]]) -> Truth:
    return build_truth([label for label, _ in found], [box for _, box in found])


def shifted(share: float) -> tuple[float, float, float, float]:
    """Return SQUARE moved to the right by a share of its width."""
    return (0.1 + 0.4 * share, 0.1, 0.4, 0.4)


@pytest.mark.parametrize(
    ("predicted", "true", "map30", "map50", "map75"),
    [
        pytest.param([boxes((0, 0.9, SQUARE))], [truth((0, SQUARE))], 1, 1, 1, id="exactly right"),
        pytest.param([boxes()], [truth((0, SQUARE))], 0, 0, 0, id="nothing found"),
        pytest.param([boxes((1, 0.9, SQUARE))], [truth((0, SQUARE))], 0, 0, 0, id="the wrong tag"),
        pytest.param([boxes((0, 0.9, shifted(0.25)))], [truth((0, SQUARE))], 1, 1, 0, id="overlap 0.6"),
        pytest.param([boxes((0, 0.9, shifted(0.45)))], [truth((0, SQUARE))], 1, 0, 0, id="overlap 0.38"),
        pytest.param(
            [boxes((0, 0.9, SQUARE), (0, 0.8, SQUARE))],
            [truth((0, SQUARE))],
            1,
            1,
            1,
            id="found twice, second is false",
        ),
        pytest.param(
            [boxes((0, 0.9, (0.6, 0.6, 0.2, 0.2)), (0, 0.8, SQUARE))],
            [truth((0, SQUARE))],
            0.5,
            0.5,
            0.5,
            id="a surer false box halves the precision",
        ),
        pytest.param(
            [boxes((0, 0.9, SQUARE)), boxes()],
            [truth((0, SQUARE)), truth((1, SQUARE))],
            0.5,
            0.5,
            0.5,
            id="one tag of two; the third has no truth and does not count",
        ),
        pytest.param([boxes((0, 0.9, SQUARE))], [truth()], 0, 0, 0, id="no truth at all"),
    ],
)
def test_mean_average_precision(
    predicted: list[Prediction], true: list[Truth], map30: float, map50: float, map75: float
) -> None:
    found = detection.measure_detection(predicted, true, LABELS)
    means = (found.mean_average_precision30, found.mean_average_precision50, found.mean_average_precision75)
    assert means == pytest.approx((map30, map50, map75), abs=1e-5)
    assert found.score == found.mean_average_precision50


def test_tags_without_truth_are_left_out() -> None:
    found = detection.measure_detection([boxes((0, 0.9, SQUARE), (2, 0.9, SQUARE))], [truth((0, SQUARE))], LABELS)
    assert found.tag_performance is not None
    assert {tag: scores.average_precision50 for tag, scores in found.tag_performance.items()} == {"cat": 1.0}


def test_average_precision_is_that_of_101_recall_points() -> None:
    """Two of four boxes found, in places 1 and 3: precision 1 up to recall 0.25, then 2/3 up to recall 0.5."""
    places = [(0.0, 0.0, 0.2, 0.2), (0.3, 0.0, 0.2, 0.2), (0.6, 0.0, 0.2, 0.2), (0.0, 0.5, 0.2, 0.2)]
    predicted = boxes((0, 0.9, places[0]), (0, 0.8, (0.7, 0.7, 0.2, 0.2)), (0, 0.7, places[1]))
    tables = tabulate_predictions([predicted]), tabulate_truths([truth(*((0, place) for place in places))])
    assert evaluate_boxes(*tables, 3).average(0.5)[0] == pytest.approx((26 * 1 + 25 * 2 / 3) / 101)


def test_threshold_lies_between_right_and_false_boxes() -> None:
    predicted = [boxes((0, 0.9, SQUARE), (0, 0.3, (0.7, 0.7, 0.1, 0.1))), boxes((0, 0.8, SQUARE))]
    chosen = detection.choose_threshold(predicted, [truth((0, SQUARE))] * 2)
    assert 0.3 < chosen < 0.8


def test_threshold_without_boxes_is_the_default() -> None:
    assert detection.choose_threshold([boxes()], [truth()]) == detection.DEFAULT_THRESHOLD

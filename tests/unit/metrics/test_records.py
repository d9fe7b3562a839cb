"""The record in metrics.json and the small set in the status: names, agreement, and sizes with very many tags."""

import json
from typing import Any

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Performance, Task
from darkroom_predict.predictions import Prediction, Truth, build_truth
from darkroom_trainer.metrics.box_scores import detection
from darkroom_trainer.metrics.box_scores.coco_scores import COCO_OVERLAPS
from darkroom_trainer.metrics.record import build_record
from darkroom_trainer.metrics.statistics import forms
from darkroom_trainer.metrics.tag_scores import classification
from tests.unit.metrics.coco_cases import Shape, build_case, evaluate_with_pycocotools
from tests.unit.metrics.guess_cases import draw_many_tags, draw_one_tag

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


def measure(task: Task, predictions: list[Prediction], truths: list[Truth], labels: tuple[str, ...]) -> Performance:
    measures = {
        Task.DETECTOR: detection.measure_detection,
        Task.CLASSIFIER: classification.measure_classification,
        Task.MULTILABEL_CLASSIFIER: classification.measure_multilabel,
    }
    return measures[task](predictions, truths, labels)


TASKS = [Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER, Task.DETECTOR]
SHOWN = {
    Task.CLASSIFIER: {"accuracyTop1", "accuracyTop5", "balancedAccuracy", "averagePrecision", "calibrationECE"},
    Task.MULTILABEL_CLASSIFIER: {"averagePrecision"},
    Task.DETECTOR: {
        "meanAveragePrecision",
        "meanAveragePrecision30",
        "meanAveragePrecision50",
        "meanAveragePrecision75",
    },
}
SCORES = {
    Task.CLASSIFIER: "accuracyTop1",
    Task.MULTILABEL_CLASSIFIER: "averagePrecision",
    Task.DETECTOR: "meanAveragePrecision50",
}


@pytest.mark.parametrize("task", TASKS)
def test_the_status_shows_a_small_set_with_the_numbers_of_the_record(task: Task) -> None:
    labels = name_tags(4)
    predictions, truths = a_set(task)
    status = measure(task, predictions, truths, labels).to_json()
    record = build_record(task, predictions, truths, labels, 0.5)
    common = {"measuredOn", "images", "score", "scoreInterval", "tagPerformance"}
    assert set(status) == common | SHOWN[task]
    assert {name: status[name] for name in SHOWN[task]} == {name: record[name] for name in SHOWN[task]}
    assert status["score"] == record[SCORES[task]]
    assert status["scoreInterval"] == record["intervals"][SCORES[task]]
    assert status["scoreInterval"]["low"] <= status["score"] <= status["scoreInterval"]["high"]


@pytest.mark.parametrize("task", TASKS)
def test_the_record_is_plain_json_of_numbers_between_nought_and_one(task: Task) -> None:
    record = build_record(task, *a_set(task), name_tags(4), 0.5)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    for name in ("precision", "recall", "f1"):
        assert all(0 <= record[name][average] <= 1 for average in ("macro", "micro", "weighted"))
    assert set(record["tags"]) == set(name_tags(4))


def test_coco_s_mean_counts_a_hundred_boxes_and_the_service_s_three_hundred() -> None:
    predictions, truths = build_case(0, Shape(images=8, labels=2, far=250))
    record = build_record(Task.DETECTOR, predictions, truths, ("cat", "dog"), 0.5)
    by_limit = [
        evaluate_with_pycocotools(predictions, truths, 2, COCO_OVERLAPS, (limit,)).eval["precision"]
        for limit in (100, 300)
    ]
    few, many = (precision[:, :, 0].mean() for precision in by_limit)
    assert record["meanAveragePrecision"] == record["tags"]["cat"]["averagePrecision"] == pytest.approx(few, abs=1e-5)
    assert record["meanAveragePrecision50"] == pytest.approx(by_limit[1][0, :, 0].mean(), abs=1e-5)
    assert few < many - 0.001, "or the case says nothing"


def test_each_tag_of_boxes_has_what_the_status_says_of_it_and_more() -> None:
    labels = name_tags(4)
    predictions, truths = a_set(Task.DETECTOR)
    record = build_record(Task.DETECTOR, predictions, truths, labels, 0.4)
    status = measure(Task.DETECTOR, predictions, truths, labels)
    assert status.tag_performance is not None
    assert set(status.tag_performance) == {"tag 0", "tag 1", "tag 2"}
    for tag, shown in status.tag_performance.items():
        assert record["tags"][tag]["averagePrecision50"] == shown.average_precision50
        assert len(record["tags"][tag]["precisionRecallCurve"]["recall"]) == 101
    assert set(record["tags"]["tag 3"]) == {"truths", "right", "false", "missed", "precision", "recall", "f1"}


@pytest.mark.parametrize("task", TASKS)
def test_confusion_and_counts_agree(task: Task) -> None:
    """A row's sum is what a tag has, the diagonal is what was right, the rest of a column is what was false."""
    record = build_record(task, *a_set(task), name_tags(4), 0.5)
    matrix = np.array(record["confusionMatrix"]["counts"])
    assert [tag["right"] for tag in record["tags"].values()] == matrix.diagonal()[:4].tolist()
    if task is not Task.MULTILABEL_CLASSIFIER:
        assert [tag["truths"] for tag in record["tags"].values()] == matrix.sum(axis=1)[:4].tolist()
        assert [tag["false"] for tag in record["tags"].values()] == (matrix.sum(axis=0) - matrix.diagonal())[
            :4
        ].tolist()


def test_the_commonest_mistakes_come_first_with_truth_and_guess() -> None:
    form = forms.describe_confusion(np.array([[5, 2, 0], [7, 9, 1], [0, 0, 0]]), ["cat", "dog", None])
    assert form["mostConfused"] == [
        {"truth": "dog", "predicted": "cat", "count": 7},
        {"truth": "cat", "predicted": "dog", "count": 2},
        {"truth": "dog", "predicted": None, "count": 1},
    ]


def boxes(*found: tuple[int, float, tuple[float, float, float, float]]) -> Prediction:
    labels, scores, places = zip(*found, strict=True)
    return Prediction(np.array(labels), np.array(scores, np.float32), np.array(places, np.float32))


def test_confusion_of_boxes_pairs_right_tags_first_and_names_what_has_no_partner() -> None:
    here, there, else_where = (0.0, 0.0, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2), (0.8, 0.1, 0.1, 0.1)
    found = boxes((1, 0.9, here), (0, 0.8, here), (1, 0.7, there), (0, 0.6, else_where), (0, 0.1, there))
    truth = build_truth([0, 0, 1], [here, there, (0.1, 0.7, 0.1, 0.1)])
    record = build_record(Task.DETECTOR, [found], [truth], ("cat", "dog"), 0.3)
    assert record["confusionMatrix"]["labels"] == ["cat", "dog", None]
    assert record["confusionMatrix"]["counts"] == [[1, 1, 0], [0, 0, 1], [1, 1, 0]]


def test_confusion_of_many_tags_sets_missed_tags_against_the_false_ones_of_their_image() -> None:
    guessed = np.array([[0.1, 0.9, 0.8], [0.9, 0.2, 0.1], [0.0, 0.1, 0.9]])
    truths = [build_truth(tags, []) for tags in ([0], [0, 1], [])]
    record = build_record(Task.MULTILABEL_CLASSIFIER, as_predictions(guessed), truths, ("cat", "dog", "fox"), 0.5)
    assert record["confusionMatrix"]["labels"] == ["cat", "dog", "fox", None]
    assert record["confusionMatrix"]["counts"] == [[1, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize("task", TASKS)
def test_very_many_tags_leave_out_curves_and_the_matrix(task: Task) -> None:
    count = forms.MOST_DETAILED_TAGS + 1
    predictions, truths = a_set(task)
    record = build_record(task, predictions, truths, name_tags(count + 1), 0.5)
    assert "counts" not in record["confusionMatrix"]
    assert not any("precisionRecallCurve" in tag for tag in record["tags"].values())
    assert len(record["tags"]) == count + 1


@pytest.mark.parametrize("task", TASKS)
def test_nothing_measured_is_an_empty_record(task: Task) -> None:
    assert build_record(task, [], [], name_tags(2), 0.5) == {}


def test_a_product_recognizer_is_measured_by_its_boxes() -> None:
    predictions, truths = a_set(Task.DETECTOR)
    one, other = (
        build_record(task, predictions, truths, name_tags(4), 0.5)
        for task in (Task.DETECTOR, Task("productRecognizer"))
    )
    assert one == other


@pytest.mark.parametrize(("threshold", "shown"), [(0.0, 0.5), (0.3, 0.3)])
def test_a_multilabel_classifier_without_a_threshold_answers_from_a_half(threshold: float, shown: float) -> None:
    record: dict[str, Any] = build_record(
        Task.MULTILABEL_CLASSIFIER, *a_set(Task.MULTILABEL_CLASSIFIER), name_tags(4), threshold
    )
    assert record["threshold"] == shown

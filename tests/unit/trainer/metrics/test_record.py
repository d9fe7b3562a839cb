"""The record in metrics.json and the small set in the status: names, agreement, and sizes with very many tags."""

import json
from typing import Any

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Performance, Task
from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.metrics.box_scores import detection
from darkroom_trainer.metrics.record import build_record
from darkroom_trainer.metrics.statistics import forms
from darkroom_trainer.metrics.tag_scores import classification
from tests.unit.trainer.metrics.record_cases import a_set, name_tags


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

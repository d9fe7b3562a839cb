"""The record of scores of boxes: both means, each tag, and which tags are taken for each other."""

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction, build_truth
from darkroom_trainer.metrics.box_scores import detection
from darkroom_trainer.metrics.box_scores.coco_scores import COCO_OVERLAPS
from darkroom_trainer.metrics.record import build_record
from tests.unit.trainer.metrics.coco_cases import Shape, build_case, evaluate_with_pycocotools
from tests.unit.trainer.metrics.record_cases import a_set, name_tags


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
    status = detection.measure_detection(predictions, truths, labels)
    assert status.tag_performance is not None
    assert set(status.tag_performance) == {"tag 0", "tag 1", "tag 2"}
    for tag, shown in status.tag_performance.items():
        assert record["tags"][tag]["averagePrecision50"] == shown.average_precision50
        assert len(record["tags"][tag]["precisionRecallCurve"]["recall"]) == 101
    assert set(record["tags"]["tag 3"]) == {"truths", "right", "false", "missed", "precision", "recall", "f1"}


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

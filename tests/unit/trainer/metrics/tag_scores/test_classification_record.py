"""The record of scores of images with one tag each, on guesses that can be counted by hand."""

import numpy as np
import pytest

from darkroom_trainer.metrics.tag_scores import classification_record

SCORES = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
ANSWERS = np.array([0, 1, 1, 2])
LABELS = ("cat", "dog", "fox")


def test_the_record_counts_right_and_wrong_guesses() -> None:
    record = classification_record.build_record(SCORES, ANSWERS, LABELS)
    assert record["accuracyTop1"] == 0.75
    assert record["accuracyTop5"] == 1.0
    assert record["balancedAccuracy"] == pytest.approx((1 + 0.5 + 1) / 3, abs=1e-5)
    assert record["confusionMatrix"]["counts"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert record["confusionMatrix"]["mostConfused"] == [{"truth": "dog", "predicted": "cat", "count": 1}]
    dog = record["tags"]["dog"]
    assert (dog["truths"], dog["right"], dog["false"], dog["missed"]) == (2, 1, 0, 1)
    assert (dog["precision"], dog["recall"], dog["averagePrecision"]) == (1.0, 0.5, 1.0)


def test_a_tag_that_no_image_has_is_counted_without_a_curve() -> None:
    record = classification_record.build_record(SCORES[:3], ANSWERS[:3], LABELS)
    assert record["tags"]["fox"]["truths"] == 0
    assert "precisionRecallCurve" not in record["tags"]["fox"]
    assert "precisionRecallCurve" in record["tags"]["dog"]


def test_the_area_under_the_roc_curve_is_a_mean_of_the_tags_where_it_is_defined() -> None:
    assert classification_record.average_roc_area([{"rocAuc": 0.5}, {"rocAuc": None}, {"rocAuc": 1.0}]) == 0.75
    assert classification_record.average_roc_area([{"rocAuc": None}]) is None

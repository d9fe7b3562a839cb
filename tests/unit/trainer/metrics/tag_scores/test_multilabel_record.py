"""The record of scores of images with any number of tags."""

import numpy as np

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import build_truth
from darkroom_trainer.metrics.record import build_record
from darkroom_trainer.metrics.tag_scores import multilabel_record
from tests.unit.trainer.metrics.record_cases import as_predictions


def test_confusion_of_many_tags_sets_missed_tags_against_the_false_ones_of_their_image() -> None:
    guessed = np.array([[0.1, 0.9, 0.8], [0.9, 0.2, 0.1], [0.0, 0.1, 0.9]])
    truths = [build_truth(tags, []) for tags in ([0], [0, 1], [])]
    record = build_record(Task.MULTILABEL_CLASSIFIER, as_predictions(guessed), truths, ("cat", "dog", "fox"), 0.5)
    assert record["confusionMatrix"]["labels"] == ["cat", "dog", "fox", None]
    assert record["confusionMatrix"]["counts"] == [[1, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_precision_and_recall_are_also_those_of_each_images_best_guesses() -> None:
    scores = np.array([[0.9, 0.6, 0.1], [0.2, 0.8, 0.7]])
    relevant = np.array([[True, False, False], [False, True, True]])
    record = multilabel_record.build_record(scores, relevant, ("cat", "dog", "fox"), 0.5)
    assert (record["threshold"], list(record["top"])) == (0.5, ["1", "2", "3"])
    assert record["samples"] == {"precision": 0.75, "recall": 1.0}
    assert record["top"]["1"]["samples"] == {"precision": 1.0, "recall": 0.75}

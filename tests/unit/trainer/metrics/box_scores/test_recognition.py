"""Scores of a product recognizer: of the whole and of its parts."""

import numpy as np
import pytest

from darkroom_predict.gaps import find_gap
from darkroom_predict.predictions import Prediction, build_truth
from darkroom_trainer.metrics.box_scores import recognition
from darkroom_trainer.samples import shelf_pictures

LABELS = shelf_pictures.TAGS
GAP = find_gap(LABELS)


def test_scores_are_told_of_the_whole_and_of_its_parts() -> None:
    boxes = [[0.0, 0.0, 0.3, 0.3], [0.5, 0.5, 0.3, 0.3], [0.0, 0.6, 0.2, 0.2]]
    truth = build_truth([0, 1, GAP], boxes)
    guess = Prediction(np.array([0, 2, GAP]), np.array([0.9, 0.8, 0.7], np.float32), truth.boxes)
    found = recognition.measure_recognition([guess], [truth], LABELS, GAP)
    assert found.box_average_precision50 == 1.0
    assert found.product_accuracy_top1 == 0.5
    assert found.score == found.mean_average_precision50 == pytest.approx(2 / 3, abs=1e-4)
    nothing = recognition.measure_recognition([guess], [build_truth([], [])], LABELS, GAP)
    assert nothing.product_accuracy_top1 is None
    assert nothing.box_average_precision50 is None

"""How unsure a model is about an image, by what it says."""

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction
from darkroom_trainer.prediction.prelabelling.uncertainty import measure_uncertainty

CASES = {
    "a classifier that is sure": (Task.CLASSIFIER, (1.0, 0.0, 0.0), 0.0, 0.0),
    "a classifier between two tags": (Task.CLASSIFIER, (0.45, 0.45, 0.1), 0.0, 1.0),
    "a classifier that leans to one": (Task.CLASSIFIER, (0.7, 0.2, 0.1), 0.0, 0.5),
    "a classifier of one tag": (Task.CLASSIFIER, (1.0,), 0.0, 0.0),
    "a classifier whatever the threshold": (Task.CLASSIFIER, (0.7, 0.2, 0.1), 0.9, 0.5),
    "tags that are all far from the threshold": (Task.MULTILABEL_CLASSIFIER, (1.0, 0.0), 0.5, 0.0),
    "one tag at the threshold": (Task.MULTILABEL_CLASSIFIER, (1.0, 0.5), 0.5, 1.0),
    "a threshold of zero": (Task.MULTILABEL_CLASSIFIER, (0.75,), 0.0, 0.25),
    "a box halfway below the threshold": (Task.DETECTOR, (0.2,), 0.4, 0.5),
    "a box halfway above it": (Task.DETECTOR, (0.7,), 0.4, 0.5),
    "the least sure of several boxes": (Task.DETECTOR, (0.99, 0.5, 0.01), 0.5, 1.0),
    "no box at all": (Task.DETECTOR, (), 0.4, 0.0),
    "a product": (Task.PRODUCT_RECOGNIZER, (0.4,), 0.4, 1.0),
}


@pytest.mark.parametrize(("task", "scores", "threshold", "expected"), CASES.values(), ids=CASES.keys())
def test_uncertainty_is(task: Task, scores: tuple[float, ...], threshold: float, expected: float) -> None:
    count = len(scores)
    boxes = np.full((count if task.has_boxes else 0, 4), 0.1, np.float32)
    said = Prediction(np.arange(count), np.array(scores, dtype=np.float32), boxes)
    assert measure_uncertainty(task, said, threshold) == pytest.approx(expected, abs=1e-6)

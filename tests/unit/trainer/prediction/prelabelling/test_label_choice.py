"""What becomes labels of what a model says."""

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction
from darkroom_trainer.prediction.prelabelling.label_choice import choose_labels


@pytest.mark.parametrize(
    ("task", "expected"), [(Task.CLASSIFIER, [2]), (Task.MULTILABEL_CLASSIFIER, [2, 1])], ids=["one tag", "any number"]
)
def test_an_image_is_labelled_with_as_many_tags_as_it_may_have(task: Task, expected: list[int]) -> None:
    said = Prediction(np.array([2, 1]), np.array([0.6, 0.4], np.float32), np.zeros((0, 4), np.float32))
    assert choose_labels(task, said).labels.tolist() == expected
    nothing = Prediction(said.labels[:0], said.scores[:0], said.boxes)
    assert choose_labels(task, nothing).labels.tolist() == []


def test_a_box_of_which_nothing_is_left_is_no_label() -> None:
    boxes = np.array([[0.5, 0.5, 0.1, 0.1], [1.0, 0.5, 0.0, 0.1], [0.5, 1.0, 0.1, 1e-7]], dtype=np.float32)
    said = Prediction(np.array([0, 1, 2]), np.array([0.9, 0.8, 0.7], np.float32), boxes)
    chosen = choose_labels(Task.DETECTOR, said)
    assert (chosen.labels.tolist(), chosen.scores.shape, chosen.boxes.shape) == ([0], (1,), (1, 4))

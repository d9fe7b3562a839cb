"""Outputs decoded in numpy: what torch says, and outputs that are no numbers."""

import numpy as np
import pytest
import torch

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.decoding import tags
from darkroom_predict.decoding.outputs import decode_outputs


@pytest.mark.parametrize("task", [Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER], ids=str)
def test_probabilities_of_tags_are_those_of_torch(task: Task) -> None:
    logits = torch.tensor([[0.5, -1.0, 3.0], [900.0, -900.0, 899.0]])
    wanted = logits.softmax(dim=1) if task is Task.CLASSIFIER else logits.sigmoid()
    with np.errstate(all="raise", under="ignore"):
        found = decode_outputs(task, logits.numpy())
    assert [prediction.labels.tolist() for prediction in found] == [[2, 0, 1], [0, 2, 1]]
    ordered = wanted.sort(dim=1, descending=True, stable=True).values
    assert np.allclose([prediction.scores for prediction in found], ordered, atol=1e-6)


def test_outputs_that_are_no_numbers_find_no_boxes() -> None:
    outputs = np.full((1, 16, 3 + 4), np.nan, dtype=np.float32)
    assert len(decode_outputs(Task.DETECTOR, outputs)[0].labels) == 0


def test_probabilities_keep_their_precision() -> None:
    assert tags.compute_sigmoid(np.zeros((1, 1), dtype=np.float32)).dtype == np.float32

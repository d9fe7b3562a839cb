"""One decoding in numpy for training and prediction: it must say what torch and torchvision say."""

import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.decoding import boxes, tags
from darkroom_predict.decoding.outputs import decode_outputs
from darkroom_predict.predictions import Floats
from darkroom_trainer.networks import dense_head


def some_boxes(seed: int, count: int, size: float) -> Floats:
    """Return random left, top, right, bottom (count, 4) of about `size`, some of no size at all."""
    draws = np.random.default_rng(seed).random((count, 4), dtype=np.float32)
    corners = np.concatenate([draws[:, :2], draws[:, :2] + size * draws[:, 2:]], axis=1).clip(0, 1)
    corners[:: max(1, count // 3), 2:] = corners[:: max(1, count // 3), :2]
    return corners.astype(np.float32)


@pytest.mark.parametrize("size", [0.05, 0.4, 1.5], ids=["few overlaps", "many overlaps", "nearly all overlap"])
@pytest.mark.parametrize("count", [0, 1, 300])
def test_suppression_is_that_of_torchvision(count: int, size: float) -> None:
    for seed in range(5):
        corners = some_boxes(seed, count, size)
        labels = np.random.default_rng(seed).integers(0, 3, count)
        scores = torch.linspace(1, 0, count)
        wanted = batched_nms(torch.from_numpy(corners), scores, torch.from_numpy(labels), boxes.NMS_OVERLAP)
        assert boxes.suppress_overlapping(corners, labels, boxes.NMS_OVERLAP).tolist() == wanted.tolist()


def test_a_cells_box_is_where_the_loss_put_it() -> None:
    numbers = torch.randn(2, 49, 4, generator=torch.Generator().manual_seed(1)) * 4
    wanted = dense_head.decode_boxes(numbers, dense_head.build_cells(49, torch.device("cpu")))
    found = boxes.decode_corners(numbers.numpy(), np.arange(49), 49)
    assert np.allclose(found, wanted.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "bias", [-6.0, -3.0, 0.0], ids=["few candidates", "some candidates", "more than are looked at"]
)
def test_the_boxes_of_a_picture_are_those_of_torch(bias: float) -> None:
    outputs = torch.randn(1, 256, 5 + 4, generator=torch.Generator().manual_seed(2))
    outputs[..., :5] += bias
    found = decode_outputs(Task.DETECTOR, outputs.numpy())[0]
    cells = dense_head.build_cells(256, torch.device("cpu"))
    corners = dense_head.decode_boxes(outputs[0, :, 5:], cells).clamp(0, 1)
    best = outputs[0, :, :5].sigmoid().flatten().topk(boxes.MAX_CANDIDATES)
    scores, at = best.values[best.values > boxes.LEAST_SCORE], best.indices[best.values > boxes.LEAST_SCORE]
    kept = batched_nms(corners[at // 5], scores, at % 5, boxes.NMS_OVERLAP)
    assert found.labels.tolist() == (at % 5)[kept].tolist()
    assert np.allclose(found.scores, scores[kept], atol=1e-6)
    wanted = corners[at // 5][kept]
    assert np.allclose(found.boxes, torch.cat([wanted[:, :2], wanted[:, 2:] - wanted[:, :2]], dim=1), atol=1e-5)


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

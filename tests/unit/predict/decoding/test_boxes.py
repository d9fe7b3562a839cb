"""Boxes decoded in numpy: what torch and torchvision say."""

import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms, box_iou

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.decoding import boxes
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
        scores = np.linspace(1, 0, count, dtype=np.float32)
        tensors = (torch.from_numpy(values) for values in (corners, scores, labels))
        kept, merged = boxes.merge_overlapping(corners, scores, labels)
        assert kept.tolist() == batched_nms(*tensors, boxes.NMS_OVERLAP).tolist()
        assert merged.shape == (len(kept), 4)
        assert np.isfinite(merged).all()


BOX = (0.2, 0.2, 0.6, 0.6)


@pytest.mark.parametrize(
    ("second", "score", "label", "right_edge"),
    [
        pytest.param((0.2, 0.2, 0.64, 0.6), 0.8, 0, 0.618, id="as sure a one over it moves it nearly half of the way"),
        pytest.param((0.2, 0.2, 0.64, 0.6), 0.4, 0, 0.607, id="half as sure a one has a quarter of the say"),
        pytest.param((0.2, 0.2, 0.99, 0.6), 0.8, 0, 0.605, id="one that hardly overlaps has hardly a say"),
        pytest.param((0.2, 0.2, 1.0, 0.6), 0.8, 0, 0.6, id="one that is kept as well has none"),
        pytest.param((0.2, 0.2, 0.64, 0.6), 0.8, 1, 0.6, id="one of another label has none"),
        pytest.param(BOX, 0.8, 0, 0.6, id="one in the same place changes nothing"),
    ],
)
def test_a_kept_box_is_the_mean_of_those_it_suppresses(
    second: tuple[float, ...], score: float, label: int, right_edge: float
) -> None:
    corners = np.array([BOX, second], dtype=np.float32)
    _, merged = boxes.merge_overlapping(corners, np.array([0.8, score], dtype=np.float32), np.array([0, label]))
    assert merged[0] == pytest.approx([0.2, 0.2, right_edge, 0.6], abs=5e-4)


def test_a_box_without_area_stays_where_it_is() -> None:
    corners = np.array([[0.3, 0.4, 0.3, 0.9]], dtype=np.float32)
    kept, merged = boxes.merge_overlapping(corners, np.ones(1, dtype=np.float32), np.zeros(1, dtype=np.int64))
    assert kept.tolist() == [0]
    assert np.array_equal(merged, corners)


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
    outputs[..., 7:] += 1.5
    found = decode_outputs(Task.DETECTOR, outputs.numpy())[0]
    cells = dense_head.build_cells(256, torch.device("cpu"))
    corners = dense_head.decode_boxes(outputs[0, :, 5:], cells).clamp(0, 1)
    best = outputs[0, :, :5].sigmoid().flatten().topk(boxes.MAX_CANDIDATES)
    scores, at = best.values[best.values > boxes.LEAST_SCORE], best.indices[best.values > boxes.LEAST_SCORE]
    kept = batched_nms(corners[at // 5], scores, at % 5, boxes.NMS_OVERLAP)
    assert found.labels.tolist() == (at % 5)[kept].tolist()
    assert np.allclose(found.scores, scores[kept], atol=1e-6)
    votes = (box_iou(corners[at // 5][kept], corners[at // 5]) - boxes.NMS_OVERLAP).clamp(min=0) * scores**2
    votes *= (at % 5)[kept][:, None] == at % 5
    voted = votes @ corners[at // 5] / votes.sum(dim=1, keepdim=True)
    wanted = torch.where(votes.sum(dim=1, keepdim=True) > 0, voted, corners[at // 5][kept])
    assert np.allclose(found.boxes, torch.cat([wanted[:, :2], wanted[:, 2:] - wanted[:, :2]], dim=1), atol=1e-5)

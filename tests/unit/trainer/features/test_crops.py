"""Crops are what is in the box."""

import pytest
import torch

from darkroom_trainer.features import crops


def test_crops_are_what_is_in_the_box_at_any_size() -> None:
    image = torch.zeros(1, 3, 40, 60)
    image[:, :, 10:20, 30:60] = 1.0
    boxes = torch.tensor([[[0.5, 0.25, 1.0, 0.5], [0.0, 0.5, 0.5, 1.0], [0.0, 0.25, 1.0, 0.5]]])
    inside, outside, half = crops.take_crops(image, boxes)[:, 0]
    assert inside[2:-2, 2:-2].min() == 1.0
    assert outside[2:].max() == 0.0
    assert half[2:-2].mean() == pytest.approx(0.5, abs=0.02)
    assert half[2:-2, -8:].min() == 1.0

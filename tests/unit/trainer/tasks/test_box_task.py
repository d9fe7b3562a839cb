"""What all tasks with boxes share: their targets, and boxes that move with the image."""

import numpy as np
import pytest
import torch

from darkroom_trainer.augmentation import transforms
from darkroom_trainer.augmentation.policies import AugmentationPolicy, read_policy
from darkroom_trainer.tasks.base import Batch
from darkroom_trainer.tasks.detector import Detector
from tests.support.tagged import a_boxed_example

TASK = Detector(("a", "b", "c"))


def test_boxes_are_corners_filled_up_to_the_most_of_any_image_and_other_rows_have_none() -> None:
    examples = [a_boxed_example(2, 0), a_boxed_example(1), a_boxed_example()]
    targets = TASK.build_targets(examples, np.array([0, 2]))
    assert targets["label"].tolist() == [[2, 0], [-1, -1], [-1, -1]]
    torch.testing.assert_close(targets["box"][0], torch.tensor([[0.0, 0.2, 0.5, 0.8], [0.5, 0.2, 1.0, 0.8]]))


def test_without_any_box_there_is_still_room_for_one() -> None:
    assert TASK.build_targets([a_boxed_example()], np.array([0]))["label"].shape == (1, 1)


def a_batch() -> Batch:
    """Return an image that is white inside its only box and black outside."""
    images = torch.zeros(1, 3, 64, 64)
    images[:, :, 16:40, 8:32] = 1.0
    box = torch.tensor([[[8 / 64, 16 / 64, 32 / 64, 40 / 64]]])
    return Batch(images, {"label": torch.tensor([[1]]), "box": box})


def test_a_box_moves_with_what_it_holds() -> None:
    draws = transforms.draw_uniforms(3, np.arange(1), np.arange(1), TASK.augmentation_draws)
    moved = TASK.augment(a_batch(), draws, AugmentationPolicy())
    bright = (moved.images[0].mean(dim=0) > moved.images[0].mean()).nonzero()
    top, left = (bright.min(dim=0).values / 64).tolist()
    bottom, right = ((bright.max(dim=0).values + 1) / 64).tolist()
    assert moved.targets["label"].tolist() == [[1]]
    torch.testing.assert_close(
        moved.targets["box"][0, 0], torch.tensor([left, top, right, bottom]), atol=2 / 64, rtol=0
    )
    assert not torch.allclose(moved.targets["box"], a_batch().targets["box"], atol=1 / 64), "it did move"


@pytest.mark.parametrize(("policy", "others"), [("standard", 0), ("strong+flip", 0), ("strong+mosaic", 3)])
def test_pictures_made_of_four_ask_for_three_others(policy: str, others: int) -> None:
    assert TASK.count_others(read_policy(policy)) == others

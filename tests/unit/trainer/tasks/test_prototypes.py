"""Which boxes the scale of prototypes is asked about."""

import pytest
import torch

from darkroom_trainer.tasks import prototypes


@pytest.mark.parametrize(
    ("labels", "asked"),
    [
        pytest.param([0, 0, 0, 1, 1], [False, True, False, False, True], id="every second box of a label"),
        pytest.param([1, 0, 1, 0], [False, False, True, True], id="labels in any order"),
        pytest.param([0, 1, 2], [False, False, False], id="one box of each: none"),
    ],
)
def test_the_scale_is_asked_about_boxes_whose_label_another_box_shows(labels: list[int], asked: list[bool]) -> None:
    assert prototypes.choose_asked(torch.tensor(labels)).tolist() == asked

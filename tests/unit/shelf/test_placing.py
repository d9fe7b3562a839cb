"""The map from a planogram onto a photo."""

import numpy as np
import pytest

from darkroom_shelf.places import build_places
from darkroom_shelf.placing import find_map
from tests.support.shelf.drawn_shelves import Camera, a_planogram, jitter, see_all


@pytest.mark.parametrize("seed", range(3))
def test_scale_and_place_are_found_in_spite_of_boxes_that_are_off(seed: int) -> None:
    planogram = a_planogram(seed=seed)
    objects = jitter(see_all(planogram, Camera(30, 25, 200, -40)), 0.1, seed)
    onto = find_map(*build_places(planogram.positions, objects))
    assert onto.scale == pytest.approx([30, 25], rel=0.03)
    assert np.abs(onto.offset - (200, -40)).max() < 25


def test_one_board_does_not_tilt_the_map() -> None:
    planogram = a_planogram()
    board = [item for item in jitter(see_all(planogram), 0.05) if item.id.startswith("1-")]
    onto = find_map(*build_places(planogram.positions, board))
    assert abs(onto.linear[0, 1]) < 0.05 * onto.scale[0]
    assert onto.scale[1] == pytest.approx(40, rel=0.1)

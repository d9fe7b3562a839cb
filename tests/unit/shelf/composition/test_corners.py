"""What is measured of four corners."""

import numpy as np
import pytest

from darkroom_shelf.composition.corners import list_corners, measure_edges, measure_turns


def test_a_rectangle_goes_round_clockwise_and_turns_right_at_each_corner() -> None:
    edges, lengths = measure_edges(list_corners(4, 3))
    assert edges.tolist() == [[4, 0], [0, 3], [-4, 0], [0, -3]]
    assert lengths.tolist() == [4, 3, 4, 3]
    assert measure_turns(edges).tolist() == [12, 12, 12, 12]


@pytest.mark.parametrize(
    ("order", "rights"), [([3, 2, 1, 0], 0), ([0, 2, 1, 3], 2)], ids=["the other way round", "two edges cross"]
)
def test_another_order_of_corners_turns_left(order: list[int], rights: int) -> None:
    edges, _ = measure_edges(list_corners(4, 3)[order])
    assert np.count_nonzero(measure_turns(edges) > 0) == rights

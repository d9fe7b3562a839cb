"""What pairs cost, and that together they cost least."""

import numpy as np
import pytest

from darkroom_shelf.assignment import LEFT_ALONE, MAX_NEAR, assign, choose_mutual, find_pairs
from darkroom_shelf.places import ANY, GAP, Floats, Places, build_map

HERE = build_map(np.ones(2), np.zeros(2))


def some_places(*boxes: tuple[float, float, int]) -> Places:
    """Return boxes of 10 x 20 by their middles and names."""
    middles: Floats = np.array([(x, y) for x, y, _ in boxes], dtype=np.float64)
    return Places(middles, np.full((len(boxes), 2), (10.0, 20.0)), np.array([name for _, _, name in boxes]))


@pytest.mark.parametrize(
    ("seen", "cost"),
    [
        ((0, 0, 1), 0.0),
        ((5, 0, 1), 0.5),
        ((0, 10, 1), 0.5),
        ((0, 0, 2), 0.5),
        ((0, 0, ANY), 0.0),
        ((0, 0, GAP), 0.15),
        ((11, 0, 1), None),
        ((6, 0, 2), None),
    ],
    ids=["there", "half a width", "half a height", "another name", "no name", "a gap", "too far", "both"],
)
def test_a_pair_costs_its_distance_and_its_name(seen: tuple[float, float, int], cost: float | None) -> None:
    pairs = find_pairs(some_places((0, 0, 1)), some_places(seen), HERE)
    assert pairs.costs.tolist() == ([] if cost is None else [pytest.approx(cost)])


def test_the_nearest_pair_is_given_up_where_all_together_cost_less() -> None:
    planned, seen = some_places((0, 0, 1), (8, 0, 1)), some_places((4.5, 0, 1), (12, 0, 1))
    found = assign(find_pairs(planned, seen, HERE), 2, 2)
    assert list(zip(found.positions.tolist(), found.detections.tolist(), strict=True)) == [(0, 0), (1, 1)]


def test_only_so_many_detections_are_weighed_for_a_position() -> None:
    pairs = find_pairs(some_places((0, 0, 1)), some_places(*((at / 100, 0, 1) for at in range(50))), HERE)
    assert len(pairs) == MAX_NEAR
    assert pairs.costs.max() < LEFT_ALONE


def test_of_a_mutual_choice_neither_side_has_a_cheaper_pair() -> None:
    planned, seen = some_places((0, 0, 1), (8, 0, 1)), some_places((1, 0, 1), (3, 0, 1))
    found = choose_mutual(find_pairs(planned, seen, HERE))
    assert list(zip(found.positions.tolist(), found.detections.tolist(), strict=True)) == [(0, 0)]

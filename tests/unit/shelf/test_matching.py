"""What a matcher of planograms has to keep to, whatever the shelf: properties over drawn shelves with known answers."""

import random
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from darkroom_shelf.detections import DetectedObject
from darkroom_shelf.matching import match_planogram
from darkroom_shelf.planogram import Planogram
from tests.support.shelf.drawn_shelves import Camera, a_planogram, empty, jitter, pair_ids, rename, see_all

SEEDS = range(4)
Change = Callable[[list[DetectedObject], random.Random], list[DetectedObject]]


def match_ids(planogram: Planogram, seen: list[DetectedObject]) -> dict[str, str]:
    return dict(pair_ids(match_planogram(planogram, seen).matches))


def expect_own(seen: list[DetectedObject]) -> dict[str, str]:
    """Each detection at the position whose id it was given."""
    return {item.id: item.id for item in seen}


def read_place(item: DetectedObject) -> tuple[int, int]:
    row, facing = item.id.split("-")
    return int(row), int(facing)


def shuffle_names(seen: list[DetectedObject], draw: random.Random) -> list[DetectedObject]:
    names = [item.name for item in seen]
    draw.shuffle(names)
    left = iter(names)
    return rename(seen, lambda _item: next(left))


CHANGES: dict[str, Change] = {
    "identity": lambda seen, _draw: seen,
    "boxes off by up to an eighth": lambda seen, draw: jitter(seen, 0.12, draw.randrange(99)),
    "the first board not there": lambda seen, _draw: [item for item in seen if read_place(item)[0] != 0],
    "a board in the middle not there": lambda seen, _draw: [item for item in seen if read_place(item)[0] != 2],
    "the last board not there": lambda seen, _draw: [item for item in seen if read_place(item)[0] != 3],
    "one board only": lambda seen, _draw: [item for item in seen if read_place(item)[0] == 1],
    "the right half seen": lambda seen, _draw: [item for item in seen if read_place(item)[1] >= 4],
    "a quarter seen, boxes off": lambda seen, draw: jitter(
        [item for item in seen if max(read_place(item)[0] - 1, read_place(item)[1] - 3) <= 0], 0.05, draw.randrange(99)
    ),
    "names shuffled": shuffle_names,
    "names unknown": lambda seen, _draw: rename(seen, lambda _item: "product"),
    "a tenth missed": lambda seen, draw: [item for item in jitter(seen, 0.08) if draw.random() > 0.1],
    "a tenth empty": lambda seen, draw: [empty(item) if draw.random() < 0.1 else item for item in seen],
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_each_detection_stands_at_the_position_it_was_made_of(change: Change, seed: int) -> None:
    planogram = a_planogram(seed=seed)
    seen = change(see_all(planogram), random.Random(seed))
    assert match_ids(planogram, seen) == expect_own(seen)


@settings(max_examples=25, deadline=None)
@given(
    scale_x=st.floats(0.5, 90),
    stretch=st.floats(0.6, 1.6),
    left=st.floats(-5_000, 5_000),
    top=st.floats(-5_000, 5_000),
    turn_degrees=st.floats(-2.5, 2.5),
    unit=st.floats(0.01, 100),
    seed=st.integers(0, 1_000),
)
def test_neither_scale_nor_place_nor_unit_nor_a_small_turn_matters(
    scale_x: float, stretch: float, left: float, top: float, turn_degrees: float, unit: float, seed: int
) -> None:
    planogram = a_planogram(seed=seed)
    seen = see_all(planogram, Camera(scale_x, scale_x * stretch, left, top, turn_degrees))
    assert match_ids(change_unit(planogram, unit), seen) == expect_own(seen)


def change_unit(planogram: Planogram, factor: float) -> Planogram:
    def product_in(product: object) -> object:
        return replace(product, width=product.width * factor, height=product.height * factor)  # type: ignore

    positions = tuple(
        replace(one, product=product_in(one.product), x=one.x * factor, y=one.y * factor)  # type: ignore[arg-type]
        for one in planogram.positions
    )
    return replace(planogram, positions=positions)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_positions_and_detections_does_not_matter(seed: int) -> None:
    planogram, draw = a_planogram(seed=seed, run=3), random.Random(seed)
    seen = [item for item in jitter(see_all(planogram), 0.3, seed) if draw.random() > 0.2]
    first = match_ids(planogram, seen)
    for _ in range(3):
        positions = list(planogram.positions)
        draw.shuffle(positions)
        draw.shuffle(seen)
        assert match_ids(replace(planogram, positions=tuple(positions)), seen) == first


def test_of_two_detections_in_one_place_the_same_is_taken_in_any_order() -> None:
    planogram = a_planogram(rows=2)
    doubles = [replace(item, id=f"{item.id} {copy}") for item in see_all(planogram) for copy in ("a", "b")]
    assert match_ids(planogram, doubles) == match_ids(planogram, doubles[::-1])


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_detections_of_one_product_one_is_taken(seed: int) -> None:
    planogram = a_planogram(seed=seed)
    seen = see_all(planogram)
    doubles = [replace(item, id=f"{item.id} again", x=item.x + item.width / 5) for item in seen[::3]]
    assert match_ids(planogram, [*seen, *doubles]) == expect_own(seen)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_board_whose_products_moved_along_keeps_its_order(seed: int) -> None:
    planogram = a_planogram(seed=seed, names=8)
    seen = see_all(planogram)
    board = [item for item in seen if read_place(item)[0] == 1]
    step = board[1].x - board[0].x
    moved = [replace(item, x=item.x - step) for item in board[1:]]
    everything = [item for item in seen if read_place(item)[0] != 1] + moved
    found = match_ids(planogram, everything)
    names = {one.id: one.product.name for one in planogram.positions}
    wrong = [at for at, item in found.items() if names[at] != names[item]]
    assert wrong == []
    assert len(found) == len(everything)


def test_two_exchanged_products_stay_where_they_are() -> None:
    planogram = a_planogram(seed=3, names=8)
    seen = see_all(planogram)
    one, other = seen[9].name, seen[10].name
    assert one != other
    exchanged = {seen[9].id: other, seen[10].id: one}
    assert match_ids(planogram, rename(seen, lambda item: exchanged.get(item.id, item.name))) == expect_own(seen)


def test_what_is_far_from_every_position_belongs_nowhere() -> None:
    planogram = a_planogram()
    seen = see_all(planogram)
    above = replace(seen[0], id="above", y=seen[0].y - 5 * seen[0].height)
    assert match_ids(planogram, [*seen, above]) == expect_own(seen)


def test_nothing_seen_is_nothing_matched() -> None:
    assert match_planogram(a_planogram(), []).to_json() == {"matchingResultPerPosition": []}


def test_a_whole_planogram_at_one_place_still_gives_each_detection_once() -> None:
    planogram = a_planogram()
    heap = replace(planogram, positions=tuple(replace(one, x=0.0, y=0.0) for one in planogram.positions))
    found = match_ids(heap, [replace(item, x=1.0, y=1.0) for item in see_all(planogram)])
    assert len(set(found.values())) == len(found) > 0


@pytest.mark.parametrize(("rows", "facings"), [(20, 500), (100, 100)])
def test_ten_thousand_positions_are_matched_within_ten_seconds(rows: int, facings: int) -> None:
    planogram, draw = a_planogram(rows, facings, names=300, seed=1), random.Random(1)
    seen = [item for item in jitter(see_all(planogram, Camera(20, 20, 11, 5)), 0.1) if draw.random() > 0.1]
    began = time.process_time()
    found = match_ids(planogram, seen)
    seconds = time.process_time() - began
    print(f"{rows} boards of {facings}: {seconds:.1f} s of CPU")
    assert found == expect_own(seen)
    assert seconds < 10


def test_ten_thousand_detections_at_one_place_take_no_longer() -> None:
    planogram = a_planogram(20, 500, names=300, seed=1)
    heap = [replace(item, x=100.0, y=100.0) for item in see_all(planogram)]
    began = time.process_time()
    match_planogram(planogram, heap)
    assert time.process_time() - began < 10

"""Which images a few-shot set keeps, and that its draws repeat."""

import itertools
import pathlib

import numpy as np
import pytest

from bench.fewshot import sets
from bench.fewshot.drawing import pictures


@pytest.mark.parametrize(
    ("labels", "shots", "kept"),
    [
        pytest.param([(0,), (0,), (0,), (1,), (1,)], 2, [0, 1, 3, 4], id="one tag each"),
        pytest.param([(0, 0), (0, 1), (0, 1), (1,)], 2, [0, 1, 2], id="an image counts once for a tag that it repeats"),
        pytest.param([(), (0, 1), (1,)], 1, [1], id="empty scenes are left out"),
    ],
)
def test_images_are_kept_while_a_tag_is_shown_too_seldom(
    labels: list[tuple[int, ...]], shots: int, kept: list[int]
) -> None:
    assert sets.choose_rows(labels, shots, 2) == kept


def test_too_few_images_of_a_tag_are_refused() -> None:
    with pytest.raises(ValueError, match="only 1 images"):
        sets.choose_rows([(0,), (0,), (1,)], 2, 2)


@pytest.mark.parametrize("name", ["letters", "textures", "shapes"])
def test_a_set_is_the_same_every_time_and_its_tests_are_others(name: str) -> None:
    bench_set = sets.SETS[name]
    pool, again, tested = (list(itertools.islice(bench_set.load(for_test), 4)) for for_test in (False, False, True))
    assert [one.pixels.tobytes() for one in pool] == [one.pixels.tobytes() for one in again]
    assert not {one.pixels.tobytes() for one in pool} & {one.pixels.tobytes() for one in tested}
    for picture in pool:
        assert len(picture.boxes) == (len(picture.labels) if bench_set.boxed else 0)
        assert all(x >= 0 and y >= 0 and x + w <= 1 and y + h <= 1 for x, y, w, h in picture.boxes)


@pytest.mark.parametrize(
    ("pool_images", "most_shots", "listed"),
    [
        pytest.param(60, 30, [1, 10, sets.FULL], id="a large pool has them all"),
        pytest.param(20, 10, [1, 10], id="all of a pool is not measured twice"),
        pytest.param(10, 5, [1, sets.FULL], id="more than the pool has is left out"),
        pytest.param(40, 10, [1, 10, sets.FULL], id="a pool of unequal tags has more than its shots"),
    ],
)
def test_a_set_lists_the_shots_that_its_pool_has(pool_images: int, most_shots: int, listed: list[int]) -> None:
    bench_set = sets.BenchSet("two", ("a", "b"), False, pool_images, 5, lambda _: [], most_shots)
    assert bench_set.list_shots([1, 10, sets.FULL]) == listed


@pytest.mark.parametrize("boxes", [(), ((0.25, 0.5, 0.5, 0.25),)], ids=["a class", "a box"])
def test_a_written_part_is_read_as_it_was(boxes: tuple[pictures.Box, ...], tmp_path: pathlib.Path) -> None:
    picture = pictures.Picture(np.arange(60, dtype=np.uint8).reshape(4, 5, 3), (1,), boxes)
    bench_set = sets.BenchSet("one", ("a", "b"), bool(boxes), 1, 1, lambda _: [picture])
    part = sets.read_part(sets.write_part(bench_set, None, 0, tmp_path))
    assert (part.labels, part.boxed) == (("a", "b"), bool(boxes))
    assert part.pictures[0].pixels.tobytes() == picture.pixels.tobytes()
    assert (part.pictures[0].labels, part.pictures[0].boxes) == ((1,), boxes)

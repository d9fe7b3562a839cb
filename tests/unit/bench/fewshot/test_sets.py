"""Which images a few-shot set keeps, and that its draws repeat."""

import pytest

from bench.fewshot import sets


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
    first, again = (list(bench_set.draw(4, 7, False)) for _ in range(2))
    tested = list(bench_set.draw(4, 7, True))
    assert [one.pixels.tobytes() for one in first] == [one.pixels.tobytes() for one in again]
    assert not {one.pixels.tobytes() for one in first} & {one.pixels.tobytes() for one in tested}
    for picture in first:
        assert len(picture.boxes) == (len(picture.labels) if bench_set.boxed else 0)
        assert all(x >= 0 and y >= 0 and x + w <= 1 and y + h <= 1 for x, y, w, h in picture.boxes)

"""Which images are held out where images have several tags, tags have few images, and there are very many tags."""

import numpy as np
import pytest

from darkroom_trainer.data.splitting import split_rows
from tests.unit.tasks.tagged import a_tagged_example

Tags = list[tuple[int, ...]]


def split(tags: Tags, seed: int = 3) -> tuple[list[int], list[int]]:
    """Return the rows to train on and those held out."""
    examples = [a_tagged_example(*own) for own in tags]
    train, held_out = split_rows(examples, np.arange(len(tags)), seed, by_label=True)
    assert sorted([*train, *held_out]) == list(range(len(tags)))
    return train.tolist(), held_out.tolist()


def count(tags: Tags, rows: list[int], label: int) -> int:
    """Return how many of the rows have the label."""
    return sum(label in tags[row] for row in rows)


@pytest.mark.parametrize(
    ("tags", "rarest", "least_held"),
    [
        pytest.param([(0, 1)] * 2 + [(0,)] * 48, 1, 1, id="a tag of two images beside a common one"),
        pytest.param([(0, 1)] * 5 + [(0, 2)] * 45, 1, 1, id="a tag of five images"),
        pytest.param([(0, 1, 2)] * 10 + [(0,), (1,), (2,)] * 10, 2, 3, id="tags that mostly come together"),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_rare_tags_are_on_both_sides(tags: Tags, rarest: int, least_held: int, seed: int) -> None:
    train, held_out = split(tags, seed)
    assert count(tags, held_out, rarest) >= least_held
    assert count(tags, train, rarest) >= 1


@pytest.mark.parametrize("seed", range(8))
def test_no_tag_gives_its_only_image_even_where_the_image_has_other_tags(seed: int) -> None:
    tags: Tags = [(0, 1)] + [(0, 2)] * 9 + [(2,)] * 10
    train, _ = split(tags, seed)
    assert 0 in train


def test_every_tag_gives_about_its_share_and_images_without_tags_give_theirs() -> None:
    random = np.random.default_rng(0)
    shares = np.array([0.6, 0.3, 0.1, 0.03])
    tags: Tags = [tuple(np.flatnonzero(random.random(4) < shares).tolist()) for _ in range(1_000)]
    _, held_out = split(tags)
    for label in range(4):
        assert count(tags, held_out, label) / count(tags, list(range(1_000)), label) == pytest.approx(0.2, abs=0.03)
    untagged = [row for row in range(1_000) if not tags[row]]
    assert len(set(untagged) & set(held_out)) == round(0.2 * len(untagged))
    assert len(held_out) == pytest.approx(200, abs=25)


def test_the_split_depends_on_the_seed_alone() -> None:
    tags: Tags = [(at % 3, 3 + at % 2) for at in range(60)]
    assert split(tags, 1) == split(tags, 1) != split(tags, 2)


@pytest.mark.parametrize("images_each", [1, 2])
@pytest.mark.parametrize("several", [False, True], ids=["one tag an image", "two tags an image"])
def test_two_thousand_tags_of_an_image_or_two_are_all_still_trained(images_each: int, *, several: bool) -> None:
    labels = [at % 2_000 for at in range(2_000 * images_each)]
    tags: Tags = [(label, (label + 1) % 2_000) if several else (label,) for label in labels]
    train, held_out = split(tags)
    assert {label for row in train for label in tags[row]} == set(range(2_000))
    assert bool(held_out) is (images_each == 2 or several)

"""Which recipes a search begins with."""

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import Recipe, suit_repetition
from darkroom_trainer.search.portfolio import build_portfolio, choose_others, list_recipes

BASE = Recipe("test_resnet", 32, 32, 4e-3)
PORTFOLIO = build_portfolio(Task.CLASSIFIER, BASE)


def test_the_first_trial_is_the_base_recipe_and_all_differ() -> None:
    assert PORTFOLIO[0] == BASE
    assert len(set(PORTFOLIO)) == len(PORTFOLIO) >= 6


@pytest.mark.parametrize(
    ("epochs", "augmentation"),
    [
        pytest.param(5, "standard", id="many images: each seen a few times"),
        pytest.param(200, "strong", id="few images: each seen very often"),
    ],
)
def test_images_that_are_seen_often_are_varied_strongly_and_the_rivals_both_ways(
    epochs: float, augmentation: str
) -> None:
    base = suit_repetition(BASE, epochs)
    assert base.augmentation == augmentation
    assert {one.augmentation for one in build_portfolio(Task.CLASSIFIER, base)[:3]} == {"standard", "strong"}


def test_tags_that_change_in_a_mirror_get_no_recipe_with_one() -> None:
    assert any("flip" in recipe.augmentation for recipe in PORTFOLIO)
    assert not any("flip" in one.augmentation for one in build_portfolio(Task.DETECTOR, BASE, may_mirror=False))


@pytest.mark.parametrize(
    ("task", "base_px", "other_px", "size_px"),
    [
        pytest.param(Task.CLASSIFIER, 224, 96, 96, id="a classifier shrinks images to its own size"),
        pytest.param(Task.CLASSIFIER, 32, 192, 32, id="images are not larger than they are decoded"),
        pytest.param(Task.DETECTOR, 192, 128, 192, id="boxes are found in images as they are decoded"),
    ],
)
def test_recipes_of_another_backbone_join_at_a_size_of_image_that_can_be_had(
    task: Task, base_px: int, other_px: int, size_px: int
) -> None:
    base, other = Recipe("test_resnet", base_px, 32, 4e-3), Recipe("resnet18", other_px, 32, 2e-3)
    found = [recipe for recipe in build_portfolio(task, base, [other]) if recipe.backbone == "resnet18"]
    assert [recipe.image_size_px for recipe in found] == [size_px]


FROZEN = Recipe("lite", 192, 16, 2e-3, trained_stages=0, kept_views=8)
SMALLEST = Recipe("test_resnet", 128, 16, 4e-3)


def test_frozen_maps_are_compared_with_the_smallest_random_network_first() -> None:
    first, second, *_ = build_portfolio(Task.DETECTOR, FROZEN, [SMALLEST])
    assert (first, second.backbone, second.image_size_px) == (FROZEN, "test_resnet", 192)


def test_variations_that_are_kept_are_those_of_one_image_each() -> None:
    found = build_portfolio(Task.DETECTOR, FROZEN, [SMALLEST])
    assert not any("mosaic" in recipe.augmentation for recipe in found)
    assert any("mosaic" in recipe.augmentation for recipe in build_portfolio(Task.DETECTOR, SMALLEST))


@pytest.mark.parametrize(
    ("base", "measured", "others"),
    [
        pytest.param(FROZEN, [SMALLEST], ["test_resnet"], id="the smallest network beside frozen maps"),
        pytest.param(
            Recipe("lite", 320, 16, 2e-3, trained_stages=2),
            [SMALLEST, FROZEN],
            ["lite", "test_resnet"],
            id="trained stages, then frozen maps, then the smallest",
        ),
        pytest.param(
            Recipe("lite", 320, 16, 2e-3, trained_stages=0), [SMALLEST, FROZEN], ["test_resnet"], id="one of each part"
        ),
        pytest.param(SMALLEST, [], [], id="nothing else was measured"),
    ],
)
def test_rivals_are_one_of_each_network_and_part(base: Recipe, measured: list[Recipe], others: list[str]) -> None:
    assert [one.backbone for one in choose_others(base, measured)] == others


def test_what_was_measured_becomes_the_recipes_to_try_the_best_of_it_first() -> None:
    other = Recipe("resnet18", 32, 32, 2e-3)
    listed = list_recipes(Task.CLASSIFIER, ("cat", "dog"), [other, BASE])
    assert listed == build_portfolio(Task.CLASSIFIER, BASE, [other])
    arrows = list_recipes(Task.CLASSIFIER, ("left", "right"), [other, BASE])
    assert not any("flip" in one.augmentation for one in arrows)

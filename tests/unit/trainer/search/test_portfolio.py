"""Which recipes a search begins with."""

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import Recipe, suit_repetition
from darkroom_trainer.search.portfolio import build_portfolio

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


def test_recipes_of_another_backbone_join_at_the_same_size_of_image() -> None:
    other = Recipe("resnet18", 192, 32, 2e-3)
    found = [recipe for recipe in build_portfolio(Task.CLASSIFIER, BASE, [other]) if recipe.backbone == "resnet18"]
    assert [recipe.image_size_px for recipe in found] == [BASE.image_size_px]

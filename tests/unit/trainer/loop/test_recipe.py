"""Which recipe a budget, a machine and a dataset lead to."""

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import (
    LADDERS,
    PRETRAINED_PASSES,
    Recipe,
    build_ladder,
    build_recipe,
    is_next_worth_measuring,
    is_worthwhile,
    read_recipe,
)


@pytest.mark.parametrize(
    ("task", "side", "size"),
    [
        pytest.param(Task.CLASSIFIER, 8, 32, id="tiny pictures"),
        pytest.param(Task.CLASSIFIER, 64, 64, id="as large as the pictures are"),
        pytest.param(Task.CLASSIFIER, 1260, 96, id="large pictures shrink"),
        pytest.param(Task.DETECTOR, 100, 128, id="up to the next multiple of 32"),
    ],
)
def test_image_size_follows_the_pictures(task: Task, side: float, size: int) -> None:
    assert build_recipe(task, LADDERS[task][0], side, on_gpu=False).image_size_px == size


@pytest.mark.parametrize(
    ("passes", "measured", "taken"),
    [
        pytest.param(20_000, False, False, id="a minute on a laptop stays with the smallest"),
        pytest.param(60_000, False, True, id="never measured when two times the passes are not there"),
        pytest.param(100_000, True, True, id="several minutes climb"),
    ],
)
def test_a_larger_backbone_has_to_earn_its_place(passes: float, *, measured: bool, taken: bool) -> None:
    ladder = build_ladder(Task.DETECTOR)
    assert is_next_worth_measuring(ladder, 0, passes) is measured
    assert is_worthwhile(ladder[1], passes) is taken


def test_the_last_rung_has_no_next() -> None:
    ladder = build_ladder(Task.CLASSIFIER)
    assert not is_next_worth_measuring(ladder, len(ladder) - 1, 1e12)


def test_a_named_backbone_is_the_only_rung() -> None:
    assert [rung.backbone for rung in build_ladder(Task.MULTILABEL_CLASSIFIER, "resnet34", ["resnet18"])] == [
        "resnet34"
    ]


def test_with_pretrained_weights_the_ladder_is_the_smallest_network_and_those_that_have_them() -> None:
    ladder = build_ladder(Task.CLASSIFIER, None, ["resnet18", "vit_small"])
    assert [rung.backbone for rung in ladder] == ["test_resnet", "resnet18", "vit_small"]
    assert [rung.worthwhile_passes for rung in ladder] == [0, PRETRAINED_PASSES, PRETRAINED_PASSES]


def test_pretrained_weights_are_learned_from_in_smaller_steps() -> None:
    rung = LADDERS[Task.CLASSIFIER][2]
    fresh, kept = (build_recipe(Task.CLASSIFIER, rung, 96, on_gpu=False, has_weights=has) for has in (False, True))
    assert kept.peak_learning_rate < fresh.peak_learning_rate


@pytest.mark.parametrize("more", [{}, {"ema": False}, {"label_smoothing": 0.1}], ids=["this", "the last", "the next"])
def test_a_recipe_of_any_neighbouring_version_is_read(more: dict[str, object]) -> None:
    recipe = Recipe("resnet18", 64, 32, 1e-3)
    assert read_recipe({**recipe.to_json(), **more}) == recipe

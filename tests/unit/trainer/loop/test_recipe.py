"""Which recipe a budget, a machine and a dataset lead to."""

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import (
    LADDERS,
    PRETRAINED_STEPS,
    TRANSFORMER_STAGES,
    Recipe,
    build_ladder,
    build_recipe,
    choose_kept_views,
    count_kept_views,
    count_least_passes,
    is_worth_measuring,
    is_worthwhile,
    read_recipe,
    suit_repetition,
    unfreeze,
)

TRANSFORMER = Recipe("dfine_nano_coco", 320, 4, 1e-4, trained_stages=0, network="{}")


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
    step = build_ladder(Task.DETECTOR)[1]
    assert is_worth_measuring(step, passes, images=10) is measured
    assert is_worthwhile(step, passes) is taken


def test_a_named_backbone_without_weights_is_the_only_step_and_starts_from_random_ones() -> None:
    (step,) = build_ladder(Task.MULTILABEL_CLASSIFIER, "resnet34")
    assert (step.backbone, step.trained_stages, step.worthwhile_passes) == ("resnet34", None, 0)


@pytest.mark.parametrize(
    ("task", "stages"),
    [
        pytest.param(Task.CLASSIFIER, [2, None], id="heads on frozen features are searched before any network"),
        pytest.param(Task.DETECTOR, [0, 0, 2, None], id="a dense head on frozen maps, small and large, first"),
        pytest.param(Task.PRODUCT_RECOGNIZER, [0, 0, 2, None], id="as a detector"),
    ],
)
def test_the_more_of_pretrained_weights_is_trained_the_more_it_has_to_be_worth(
    task: Task, stages: list[int | None]
) -> None:
    named = build_ladder(task, "resnet18", ["resnet18"])
    assert [step.trained_stages for step in named] == stages
    assert named[0].worthwhile_passes == 0, "what a Model names is taken, however little of it"
    assert all(step.worthwhile_passes for step in named[1:])
    unnamed = build_ladder(task, None, ["resnet18", "vit_small"])
    assert [step.backbone for step in unnamed] == [
        "test_resnet",
        *["resnet18"] * len(stages),
        *["vit_small"] * len(stages),
    ]


def test_a_detector_that_learned_from_other_pictures_has_steps_of_its_own_in_the_ladder() -> None:
    (first, second) = build_ladder(Task.DETECTOR, "dfine_nano_coco", ["dfine_nano_coco"])
    assert (first.max_size_px, first.worthwhile_passes, second.max_size_px) == (320, 0, 640)
    *others, before, last = build_ladder(Task.DETECTOR, None, ["resnet18", "dfine_nano_coco"])
    assert {step.backbone for step in (before, last)} == {"dfine_nano_coco"}
    assert before.worthwhile_passes > 0
    assert len(others) == 5


def test_its_recipe_has_small_batches_and_a_small_rate_and_says_how_it_is_built() -> None:
    step = build_ladder(Task.DETECTOR, "dfine_nano_coco", ["dfine_nano_coco"])[0]
    recipe = build_recipe(Task.DETECTOR, step, 1_000, on_gpu=False, has_weights=True, network="{}")
    assert recipe == TRANSFORMER
    assert build_recipe(Task.DETECTOR, step, 1_000, on_gpu=True, network="{}").batch_size == 16


@pytest.mark.parametrize(("rounds", "stages"), [(0, 0), (3, 3), (9, TRANSFORMER_STAGES)])
def test_with_each_round_a_stage_more_of_its_backbone_is_trained(rounds: int, stages: int) -> None:
    assert unfreeze(TRANSFORMER, rounds).trained_stages == stages
    whole = Recipe("resnet18", 64, 32, 1e-3)
    assert unfreeze(whole, rounds) == whole


def test_it_starts_with_a_tenth_of_the_passes_and_is_varied_little() -> None:
    assert count_least_passes(TRANSFORMER, 2_000) == 200
    assert suit_repetition(TRANSFORMER, 1_000.0).augmentation == "standard"
    assert suit_repetition(Recipe("resnet18", 64, 32, 1e-3), 1_000.0).augmentation == "strong"


@pytest.mark.parametrize(
    ("stages", "epochs", "may_mirror", "augmentation"),
    [
        pytest.param(0, 1_000.0, True, "strong+flip", id="frozen: mirrored as well"),
        pytest.param(2, 1.0, True, "standard+flip", id="few epochs: varied less, mirrored all the same"),
        pytest.param(0, 1_000.0, False, "strong", id="tags that mean something else in a mirror"),
        pytest.param(None, 1_000.0, True, "strong", id="all of it is trained: the search tries it"),
    ],
)
def test_what_is_frozen_in_part_is_shown_mirrored_images(
    stages: int | None, epochs: float, augmentation: str, *, may_mirror: bool
) -> None:
    recipe = Recipe("resnet18", 64, 32, 1e-3, trained_stages=stages)
    assert suit_repetition(recipe, epochs, may_mirror=may_mirror).augmentation == augmentation


@pytest.mark.parametrize(("side_px", "is_climbed"), [(95.0, False), (96.0, True)])
def test_small_pictures_are_a_cell_or_two_to_pretrained_stages(side_px: float, *, is_climbed: bool) -> None:
    ladder = build_ladder(Task.CLASSIFIER, None, ["lite"], side_px)
    assert (ladder != LADDERS[Task.CLASSIFIER]) is is_climbed


@pytest.mark.parametrize(
    ("at", "passes", "images", "measured"),
    [
        pytest.param(0, 2_000, 4, True, id="a dense head on frozen maps, however few the images"),
        pytest.param(0, 1_999, 4, False, id="not where it cannot have twice the passes"),
        pytest.param(2, 1e6, 49, False, id="no stages by fewer than 50 images"),
        pytest.param(2, 6_000, 50, True, id="the last stages from 50 images on"),
        pytest.param(3, 1e6, 499, False, id="not the whole network by fewer than 500"),
        pytest.param(3, 6_000, 500, True, id="the whole network from 500 on"),
    ],
)
def test_what_is_trained_follows_from_passes_and_images(at: int, passes: float, images: int, *, measured: bool) -> None:
    assert is_worth_measuring(PRETRAINED_STEPS[Task.DETECTOR][at], passes, images) is measured


@pytest.mark.parametrize(("stages", "passes"), [(None, 2_000), (0, 800), (2, 800)])
def test_the_least_useful_training_follows_from_what_is_trained(stages: int | None, passes: int) -> None:
    assert count_least_passes(Recipe("resnet18", 64, 32, 1e-3, trained_stages=stages), 2_000) == passes


@pytest.mark.parametrize(
    ("images", "look_seconds", "map_bytes", "left_seconds", "views"),
    [
        pytest.param(20, 0.02, 200_000, 200.0, 64, id="few images: as many as are of use"),
        pytest.param(50, 0.02, 200_000, 20.0, 5, id="a quarter of the time is for looking"),
        pytest.param(50, 0.5, 200_000, 10.0, 1, id="each image is looked at once in any case"),
        pytest.param(1_000, 1e-4, 200_000, 1e6, 2, id="no more than memory holds"),
        pytest.param(10_000, 1e-4, 200_000, 1e6, 0, id="none where memory does not hold one of each image"),
    ],
)
def test_variations_are_as_many_as_can_be_looked_at_and_kept(
    images: int, look_seconds: float, map_bytes: int, left_seconds: float, views: int
) -> None:
    assert choose_kept_views(images, look_seconds, map_bytes, left_seconds) == views


def test_pretrained_weights_are_learned_from_in_smaller_steps() -> None:
    rung = LADDERS[Task.CLASSIFIER][2]
    fresh, kept = (build_recipe(Task.CLASSIFIER, rung, 96, on_gpu=False, has_weights=has) for has in (False, True))
    assert kept.peak_learning_rate < fresh.peak_learning_rate


@pytest.mark.parametrize("more", [{}, {"ema": False}, {"label_smoothing": 0.1}], ids=["this", "the last", "the next"])
def test_a_recipe_of_any_neighbouring_version_is_read(more: dict[str, object]) -> None:
    recipe = Recipe("resnet18", 64, 32, 1e-3)
    assert read_recipe({**recipe.to_json(), **more}) == recipe


@pytest.mark.parametrize(
    ("epoch", "most", "views"),
    [
        pytest.param(0, 64, 8, id="a short training makes do with few"),
        pytest.param(80, 64, 18, id="each eighth epoch brings one more"),
        pytest.param(10_000, 64, 64, id="no more than are paid for"),
        pytest.param(0, 3, 3, id="fewer from the start where no more are paid for"),
    ],
)
def test_variations_become_more_slowly(epoch: int, most: int, views: int) -> None:
    assert count_kept_views(epoch, most) == views

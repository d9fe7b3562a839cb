"""What recipes cost on this machine, and how far the ladder is climbed for it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.loop import kept_maps
from darkroom_trainer.loop.recipe import MANY_EPOCHS, Recipe
from darkroom_trainer.loop.training_loop import Learner
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.search import measuring
from darkroom_trainer.search.pretrained import Pretrained
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.weights import finding
from tests.support.learning import CPU, StepClock, a_meter, a_task, an_example

RECIPE = Recipe("test_resnet", 32, 8, 1e-3)


def a_setup(clock: StepClock, batch_divisor: int = 1) -> measuring.MeasuringSetup:
    task = a_task("classifier")
    targets = task.build_targets([an_example(at % 3, boxed=False) for at in range(12)], np.arange(12))
    pretrained = Pretrained(finding.Sources(()), Task.CLASSIFIER, None)
    return measuring.MeasuringSetup(task, targets, CPU, a_meter(clock), pretrained, 12, batch_divisor)


class SlowSteps:
    """Makes every loss of a classifier take a second on the clock, the very first one ten."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, clock: StepClock) -> None:
        compute, steps = Classifier.compute_loss, iter([10.0])

        def compute_loss(task: Classifier, outputs: torch.Tensor, targets: dict[str, torch.Tensor]) -> torch.Tensor:
            clock.now += next(steps, 1.0)
            return compute(task, outputs, targets)

        monkeypatch.setattr(Classifier, "compute_loss", compute_loss)


def test_a_step_costs_what_the_middle_one_takes_once_it_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StepClock()
    SlowSteps(monkeypatch, clock)
    measured = measuring.measure_recipe(a_setup(clock), RECIPE)
    assert (measured.recipe, measured.step_cost) == (RECIPE, 1.0)
    assert measured.million_parameters > 0
    assert measured.describe()["recipe"]["backbone"] == "test_resnet"


OTHER = measuring.MeasuredRecipe(replace(RECIPE, image_size_px=64), 8.0, 0.8, 2.0, finish_cost=4.0, look_cost=1.0)
KNOWN = measuring.MeasuredRecipe(RECIPE, step_cost=0.5, predict_image_cost=0.1, finish_cost=1.0, lone_step_cost=0.4)


def test_costs_that_an_earlier_attempt_measured_are_scaled_by_how_long_steps_take_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = StepClock()
    SlowSteps(monkeypatch, clock)
    suited = replace(RECIPE, augmentation="strong")
    found = measuring.measure_again(a_setup(clock), suited, [KNOWN, OTHER])
    assert found == [
        measuring.MeasuredRecipe(OTHER.recipe, 16.0, 1.6, 2.0, finish_cost=8.0, look_cost=2.0),
        measuring.MeasuredRecipe(suited, 1.0, 0.2, finish_cost=2.0, lone_step_cost=0.8),
    ]
    assert clock.now == 10.0 + 2.0, "the step that warms up, and two more"


@pytest.mark.parametrize("known", [[], [OTHER]], ids=["by a version that kept none", "but not this recipe"])
def test_what_no_attempt_measured_is_measured_as_new(
    known: list[measuring.MeasuredRecipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StepClock()
    SlowSteps(monkeypatch, clock)
    (found,) = measuring.measure_again(a_setup(clock), RECIPE, known)
    assert (found.recipe, found.step_cost, found.finish_cost > 0) == (RECIPE, 1.0, False)
    assert found.million_parameters > 0


def test_a_recipe_that_no_longer_fits_into_memory_is_measured_as_new(monkeypatch: pytest.MonkeyPatch) -> None:
    def compute_loss(_task: Classifier, outputs: torch.Tensor, _targets: object) -> torch.Tensor:
        if len(outputs) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return outputs.sum()

    monkeypatch.setattr(Classifier, "compute_loss", compute_loss)
    (found,) = measuring.measure_again(a_setup(StepClock()), RECIPE, [KNOWN, OTHER])
    assert found.recipe.batch_size == 2


def test_what_was_measured_is_read_as_it_was_written() -> None:
    assert measuring.read_measured({**OTHER.to_json(), "ofANewerVersion": 1}) == OTHER


def test_of_two_devices_a_slice_is_timed_for_shared_steps_and_the_batch_for_trials_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = StepClock()
    SlowSteps(monkeypatch, clock)
    one = a_setup(clock)
    two = replace(one, device=replace(one.device, count=2), meter=Meter(devices=2, clock=clock))
    measured = measuring.measure_recipe(two, RECIPE)
    assert (measured.step_cost, measured.lone_step_cost, measured.lone_share) == (2.0, 1.0, 0.5)
    assert measuring.measure_recipe(one, RECIPE).lone_share == 1.0


def test_a_recipe_is_measured_with_the_largest_batch_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    def compute_loss(_task: Classifier, outputs: torch.Tensor, _targets: object) -> torch.Tensor:
        if len(outputs) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return outputs.sum()

    monkeypatch.setattr(Classifier, "compute_loss", compute_loss)
    assert measuring.measure_recipe(a_setup(StepClock()), RECIPE).recipe.batch_size == 2


def test_where_not_one_image_fits_the_first_recipe_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def compute_loss(*_arguments: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Classifier, "compute_loss", compute_loss)
    with pytest.raises(RunError) as refused:
        measuring.measure_recipes(a_setup(StepClock()), 64.0, lambda: 60.0)
    assert refused.value.reason is Reason.OUT_OF_MEMORY


def test_the_ladder_is_climbed_no_further_than_the_time_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StepClock()
    SlowSteps(monkeypatch, clock)
    found = measuring.measure_recipes(a_setup(clock, batch_divisor=4), 32.0, lambda: 60.0)
    assert [one.recipe.backbone for one in found] == ["test_resnet"]
    assert found[0].recipe.batch_size == 8, "divided, after an attempt that ran out of memory"


@pytest.mark.parametrize(("left_seconds", "augmentation"), [(8.0, "standard"), (8.0 * MANY_EPOCHS, "strong")])
def test_images_that_are_seen_often_are_varied_strongly(left_seconds: float, augmentation: str) -> None:
    measured = measuring.MeasuredRecipe(RECIPE, step_cost=1.0, predict_image_cost=0.1)
    (found,) = measuring.suit_recipes([measured], images=64, left_seconds=left_seconds, may_mirror=False)
    assert found.recipe.augmentation == augmentation


FROZEN = replace(RECIPE, backbone="test_resnet", trained_stages=0, kept_views=4)


@pytest.mark.parametrize(
    ("seconds", "passes"),
    [
        pytest.param(6.0, 4.0, id="less than a look at each image: each pass is one"),
        pytest.param(25.0, 40.0, id="afterwards a pass costs its share of a step"),
    ],
)
def test_each_image_is_looked_at_once_before_steps_are_cheap(seconds: float, passes: float) -> None:
    measured = measuring.MeasuredRecipe(replace(FROZEN, batch_size=2), 1.0, 0.1, look_cost=1.0)
    assert measured.count_passes(seconds, images=5) == pytest.approx(passes)


@pytest.mark.parametrize(
    ("passes", "cost"),
    [
        pytest.param(16, 9.0, id="all of them with a look"),
        pytest.param(80, 1.0 + 8 * 20 / 80, id="four variations of five images, then none"),
    ],
)
def test_the_average_step_bears_its_share_of_the_looks(passes: int, cost: float) -> None:
    measured = measuring.MeasuredRecipe(FROZEN, 1.0, 0.1, look_cost=1.0)
    assert measured.average_step(passes, images=5) == pytest.approx(cost)


def test_a_short_training_does_not_pay_for_all_variations() -> None:
    measured = measuring.MeasuredRecipe(replace(FROZEN, kept_views=64), 1.0, 0.1, look_cost=1.0)
    of_each = 8 + 16 // 8
    assert measured.average_step(80, images=5) == pytest.approx(1.0 + 8 * of_each * 5 / 80)


def test_a_frozen_recipe_is_measured_apart_from_its_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StepClock()
    SlowSteps(monkeypatch, clock)
    look = Learner.look

    def slow_look(learner: Learner, view: int, row: int) -> kept_maps.VariationMaps:
        clock.now += 5.0
        return look(learner, view, row)

    monkeypatch.setattr(Learner, "look", slow_look)
    measured = measuring.measure_recipe(a_setup(clock), FROZEN)
    assert (measured.step_cost, measured.look_cost, measured.recipe) == (1.0, 5.0, FROZEN)
    assert measured.map_bytes > 0


def test_as_many_variations_are_kept_as_the_time_pays() -> None:
    measured = measuring.MeasuredRecipe(FROZEN, 1.0, 0.1, look_cost=1.0, map_bytes=100)
    (found,) = measuring.suit_recipes([measured], images=10, left_seconds=80.0, may_mirror=True)
    assert (found.recipe.kept_views, found.recipe.augmentation) == (2, "strong+flip")

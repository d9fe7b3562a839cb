"""What still fits at the end of a budget on a machine that became slower than it was measured."""

import pathlib
import threading
from typing import Any

import numpy as np
import pytest

from darkroom_api import run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget import budget, meter
from darkroom_trainer.loop import recipe as recipes
from darkroom_trainer.runtime import reporting
from darkroom_trainer.search import measuring
from darkroom_trainer.training import training_run
from tests.unit.training import learning, test_charging, test_tiny_training as tiny

BUDGET_SECONDS = 60.0
COSTS = budget.Costs(step=0.1, predict_image=0.001, upload_file=0.01)
RECIPE = recipes.Recipe("test_resnet", 64, 32, 0.002)


def a_run(hand: test_charging.Hand) -> training_run.TrainingRun:
    """Return a run of 60 s of which nothing is charged yet; it has no data."""
    config = tiny.a_config(
        run_config.Command.TRAIN, Task.CLASSIFIER, pathlib.Path("/a.json"), budget_seconds=BUDGET_SECONDS
    )
    place = training_run.Place(
        config, pathlib.Path(), reporting.SilentReporter(), threading.Event(), meter.Meter(clock=hand), learning.CPU
    )
    nothing: Any = None
    rows = training_run.Rows(*(np.arange(count) for count in (80, 20, 100)))
    return training_run.TrainingRun(
        place=place,
        task=learning.a_task("classifier"),
        dataset=nothing,
        rows=rows,
        data=nothing,
        evaluation=None,
        preprocessing=nothing,
        pretrained=nothing,
        trials=[measuring.Trial(RECIPE, step_cost=0.05, predict_image_cost=0.001)],
        costs=COSTS,
        plan=None,
        store=None,
        saved=None,
    )


@pytest.mark.parametrize(
    ("left_seconds", "took", "fits"),
    [
        pytest.param(2.0, 0.1, True, id="as fast as before"),
        pytest.param(2.0, 0.05, True, id="faster"),
        pytest.param(2.0, 0.14, True, id="hardly slower"),
        pytest.param(2.0, 0.3, False, id="three times as slow"),
        pytest.param(5.0, 0.3, True, id="three times as slow, with more left"),
        pytest.param(0.5, 0.1, False, id="hardly anything left"),
    ],
)
def test_what_is_optional_starts_only_where_it_fits_at_the_pace_of_the_last_steps(
    left_seconds: float, took: float, *, fits: bool
) -> None:
    hand = test_charging.Hand()
    run = a_run(hand)
    for seconds in (0.1, took):
        run.learn_step(RECIPE, seconds)
    hand.now += BUDGET_SECONDS - left_seconds
    assert run.fits(1.0) is fits


@pytest.mark.parametrize(("took", "pace"), [(0.05, 1.0), (0.1, 1.0), (0.15, 1.0), (0.25, 2.5), (9.0, 4.0)])
def test_the_pace_is_bounded(took: float, pace: float) -> None:
    assert budget.compute_pace(0.1, took) == pytest.approx(pace)


def test_steps_of_another_kind_are_not_compared() -> None:
    run = a_run(test_charging.Hand())
    run.learn_step(RECIPE, 0.1)
    run.learn_step(recipes.Recipe("test_vit", 64, 32, 0.002), 0.9)
    run.learn_step(RECIPE, None)
    assert run.pace == 1.0


def test_the_final_fit_leaves_a_slow_machine_more_for_what_follows() -> None:
    run = a_run(test_charging.Hand())
    before = run.plan_final().ends_at
    for seconds in (0.1, 0.2):
        run.learn_step(RECIPE, seconds)
    assert BUDGET_SECONDS - run.plan_final().ends_at == pytest.approx(2 * (BUDGET_SECONDS - before))


@pytest.mark.parametrize("pace", [1.0, 2.0])
def test_a_step_as_slow_as_the_slowest_may_take_what_gives_way_and_nothing_of_the_model(pace: float) -> None:
    run = a_run(test_charging.Hand())
    last = BUDGET_SECONDS - pace * (budget.compute_owed(COSTS, 0) + budget.compute_export_room(COSTS))
    assert run.leaves_model(last - 0.01, pace, is_hold_out=False)
    assert not run.leaves_model(last + 0.01, pace, is_hold_out=False)
    assert not run.leaves_model(last - 0.01, pace, is_hold_out=True), "the held-out images are not scored yet"


@pytest.mark.parametrize(
    ("took", "pace"),
    [
        pytest.param(0.3, 3.0, id="slower than at best"),
        pytest.param(0.14, 1.0, id="hardly slower"),
        pytest.param(None, 2.0, id="too few steps to tell, so as it was"),
    ],
)
def test_steps_tell_the_pace_while_they_are_taken(took: float | None, pace: float) -> None:
    run = a_run(test_charging.Hand())
    for seconds in (0.1, 0.2):
        run.learn_step(RECIPE, seconds)
    assert run.judge_pace(RECIPE, took) == pytest.approx(pace)
    assert run.judge_pace(recipes.Recipe("test_vit", 64, 32, 0.002), took) == 2.0, "nothing is known of such steps"


def test_an_export_fits_after_the_last_step_that_leaves_a_model() -> None:
    hand = test_charging.Hand()
    run = a_run(hand)
    for seconds in (0.1, 0.3):
        run.learn_step(RECIPE, seconds)
    while run.leaves_model(run.place.meter.charged_seconds + 0.3, run.pace, is_hold_out=False):
        hand.now += 0.3
    assert run.fits(budget.compute_export_room(COSTS))


def test_what_finishing_took_is_kept_for_a_fit_on_all_images_whatever_a_prediction_takes() -> None:
    run = a_run(test_charging.Hand())
    run.learn_finish(0.8, num_rows=80)
    run.learn_measuring(0.002)
    assert budget.compute_finish(run.costs, images=100) == pytest.approx(budget.MARGIN * 1.0)
    assert budget.compute_finish(run.costs, images=0) == 0.0, "this task looks at none"


def test_before_it_was_done_finishing_costs_about_a_prediction_of_each_image() -> None:
    costs = budget.estimate_costs(0.1, 0.01, rate=2.0, finish=0.4)
    assert budget.compute_finish(costs, images=50) == pytest.approx(budget.MARGIN * (0.4 + 50 * 0.01))

"""What still fits at the end of a budget on a machine that became slower than it was measured."""

import pathlib
import threading
from typing import Any

import numpy as np
import pytest

from darkroom_api import run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer import budget, meter, reporting, training_run
from darkroom_trainer.search import measuring, recipe as recipes
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


def test_a_step_as_slow_as_the_slowest_may_take_what_gives_way_and_nothing_that_is_owed() -> None:
    run = a_run(test_charging.Hand())
    last = BUDGET_SECONDS - budget.compute_owed(COSTS, 0)
    assert run.leaves_owed(last - 0.01, is_hold_out=False)
    assert not run.leaves_owed(last + 0.01, is_hold_out=False)
    assert not run.leaves_owed(last - 0.01, is_hold_out=True), "the held-out images are not scored yet"

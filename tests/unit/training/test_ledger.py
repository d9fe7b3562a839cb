"""What a budget is shared out to, and when it is refused."""

import re

import pytest

from darkroom_api.conditions import Reason
from darkroom_trainer.budget.budget import (
    Costs,
    Workload,
    compute_export_room,
    compute_least_steps,
    compute_owed,
    compute_picture_room,
    compute_record,
    compute_record_room,
    compute_reserve,
    estimate_costs,
    is_admitted,
    learn_measure_image,
    plan_budget,
    round_up,
)
from darkroom_trainer.runtime.errors import RunError

COSTS = Costs(step=0.05, predict_image=0.001, upload_file=0.1)
WORKLOAD = Workload(train_images=1400, hold_out_images=280, evaluation_images=360, batch_size=32)


@pytest.mark.parametrize(
    ("budget", "charged", "costs", "workload"),
    [
        pytest.param(60, 9, COSTS, WORKLOAD, id="a minute on a laptop"),
        pytest.param(3600, 30, COSTS, WORKLOAD, id="an hour"),
        pytest.param(20, 9, COSTS, WORKLOAD, id="hardly more than it takes"),
        pytest.param(60, 9, COSTS, Workload(1400, 280, 5_000, 32), id="many images to evaluate"),
        pytest.param(60, 9, Costs(0.05, 0.001, 2.0), WORKLOAD, id="a slow bucket"),
        pytest.param(60, 9, COSTS, Workload(6, 0, 0, 32), id="too few images to hold any out"),
    ],
)
def test_plan_never_passes_the_budget_and_keeps_the_reserve(
    budget: float, charged: float, costs: Costs, workload: Workload
) -> None:
    plan = plan_budget(budget, charged, costs, workload, least_passes=1000)
    assert charged <= plan.hold_out_ends_at <= plan.final_ends_at
    assert plan.final_ends_at + plan.reserve_seconds == pytest.approx(budget)
    assert plan.final_ends_at - plan.hold_out_ends_at >= plan.scoring_seconds
    if not workload.hold_out_images:
        assert plan.hold_out_ends_at == charged, "without a hold-out all time goes to the final fit"


def test_what_is_not_measured_is_charged_at_the_rate_of_the_hardware() -> None:
    slow, fast = (estimate_costs(0.05, 0.001, rate) for rate in (1.0, 2.5))
    assert (slow.step, fast.step) == (0.05, 0.05), "measured in charged seconds already"
    assert fast.picture == pytest.approx(2.5 * slow.picture)
    assert compute_reserve(fast, 0) == pytest.approx(2.5 * compute_reserve(slow, 0))


@pytest.mark.parametrize(
    ("budget", "charged", "step"),
    [
        pytest.param(5, 9, 0.05, id="spent before the first step"),
        pytest.param(12, 9, 0.05, id="no room for the reserve"),
        pytest.param(60, 9, 2.0, id="a machine that is too slow"),
    ],
)
def test_a_budget_that_holds_no_useful_training_is_refused(budget: float, charged: float, step: float) -> None:
    with pytest.raises(RunError) as refused:
        plan_budget(budget, charged, Costs(step, 0.001, 0.1), WORKLOAD, least_passes=2000)
    assert refused.value.reason is Reason.BUDGET_NOT_ENOUGH
    shape = r"budget \S+ is not enough: at least \S+, \S+ suggested for 1,400 images"
    assert re.match(shape, refused.value.message)


def test_the_minimum_that_is_named_is_enough() -> None:
    with pytest.raises(RunError) as refused:
        plan_budget(5, 9, COSTS, WORKLOAD, least_passes=2000)
    least = re.search(r"at least (\d+)s", refused.value.message)
    assert least
    plan_budget(float(least[1]), 9, COSTS, WORKLOAD, least_passes=2000)


@pytest.mark.parametrize(
    ("images", "least_passes", "steps"),
    [
        pytest.param(10, 2000, 63, id="few images are repeated"),
        pytest.param(100_000, 2000, 3125, id="many images are seen once"),
    ],
)
def test_least_steps(images: int, least_passes: int, steps: int) -> None:
    assert compute_least_steps(Workload(images, 0, 0, 32), least_passes) == steps


def test_reserve_grows_with_what_there_is_to_measure() -> None:
    assert compute_reserve(COSTS, 10_000) > compute_reserve(COSTS, 100) > compute_reserve(COSTS, 0) > 1


def test_the_reserve_holds_all_scores_of_the_images_that_the_model_is_measured_on() -> None:
    assert compute_reserve(COSTS, 0, 5_000) - compute_reserve(COSTS, 0) == pytest.approx(5_000 * (0.001 + 0.001))
    assert compute_reserve(COSTS, 100, 5_000) == compute_reserve(COSTS, 100), "held-out images are not measured again"


def test_what_may_give_way_is_kept_besides_what_is_owed() -> None:
    gives_way = COSTS.picture + COSTS.report + COSTS.record + 1.25 * COSTS.export
    owed = compute_owed(COSTS, 0, finish_images=50)
    assert compute_reserve(COSTS, 0, finish_images=50) == pytest.approx(owed + gives_way)
    assert compute_owed(COSTS, 100) > compute_owed(COSTS, 0) >= COSTS.unmeasured


@pytest.mark.parametrize(
    ("took", "images", "cost"),
    [
        pytest.param(8.0, 1000, 0.0079, id="many images say what one costs"),
        pytest.param(0.18, 4, 0.02, id="few of them, most of it fixed"),
        pytest.param(0.08, 4, 0.002, id="few of them, next to nothing but what is fixed"),
        pytest.param(0.004, 4, 0.001, id="faster than was expected"),
    ],
)
def test_what_an_image_costs_is_not_what_is_fixed_by_the_number_of_images(
    took: float, images: int, cost: float
) -> None:
    assert learn_measure_image(took, images, COSTS) == pytest.approx(cost)


def test_a_run_that_kept_its_reserve_has_all_that_may_give_way_and_each_may_take_longer() -> None:
    left = compute_reserve(COSTS, 0, 100) - compute_owed(COSTS, 0)
    units = [
        (1.25 * COSTS.export, compute_export_room(COSTS)),
        (compute_record(COSTS, 100), compute_record_room(COSTS, 100)),
        (COSTS.picture, compute_picture_room(COSTS)),
    ]
    for cost, room in units:
        assert cost < room <= left
        left -= cost
    assert left == pytest.approx(COSTS.report)


@pytest.mark.parametrize(
    ("seconds", "rounded"),
    [(1, 5), (20, 20), (20.1, 25), (61, 90), (301, 360), (3601, 4200)],
)
def test_durations_are_rounded_up_to_what_a_person_would_write(seconds: float, rounded: int) -> None:
    assert round_up(seconds) == rounded


@pytest.mark.parametrize(("charged", "cost", "admitted"), [(9.0, 1.0, True), (9.0, 1.1, False), (11.0, 0.0, False)])
def test_a_unit_starts_only_if_it_ends_in_time(charged: float, cost: float, *, admitted: bool) -> None:
    assert is_admitted(charged, cost, ends_at=10.0) is admitted

"""What a budget is shared out to, when it is refused, and what still fits before its end."""

import dataclasses
import re

import pytest

from darkroom_api.conditions import Reason
from darkroom_trainer.budget.costs import Costs, estimate_costs
from darkroom_trainer.budget.ledger import EXPORT_KEPT, MARGIN, RemainingWork, RunLedger, Workload
from darkroom_trainer.budget.lost_work import LostWork
from darkroom_trainer.runtime.errors import RunError

COSTS = Costs(step_seconds=0.05, predict_image_seconds=0.001, upload_file_seconds=0.1)
WORKLOAD = Workload(train_images=1400, hold_out_images=280, evaluation_images=360, batch_size=32, least_passes=1000)
LONG_WORKLOAD = Workload(1400, 280, 360, 32, least_passes=2000)
HOLD_OUT = (RemainingWork.HOLD_OUT_FINISH, RemainingWork.HOLD_OUT_SCORES)
BEFORE_PUBLICATION = (*HOLD_OUT, RemainingWork.FINISH, RemainingWork.EVALUATION)


def a_ledger(
    *, evaluation_images: int = 0, hold_out_images: int = 0, finish_images: int = 0, costs: Costs = COSTS
) -> RunLedger:
    """Return the ledger of a minute, once the hold-out run is over."""
    ledger = RunLedger(60.0, costs, Workload(1400, hold_out_images, evaluation_images, 32, finish_images))
    ledger.settle(*HOLD_OUT)
    return ledger


def cost_of(ledger: RunLedger, *work: RemainingWork) -> float:
    return sum(entry.cost_seconds + entry.kept_seconds for entry in ledger.entries if entry.work in work)


@pytest.mark.parametrize(
    ("budget", "charged", "costs", "workload"),
    [
        pytest.param(60, 9, COSTS, WORKLOAD, id="a minute on a laptop"),
        pytest.param(3600, 30, COSTS, WORKLOAD, id="an hour"),
        pytest.param(20, 9, COSTS, WORKLOAD, id="hardly more than it takes"),
        pytest.param(60, 9, COSTS, Workload(1400, 280, 5_000, 32, 0, 1000), id="many images to evaluate"),
        pytest.param(60, 9, Costs(0.05, 0.001, 2.0), WORKLOAD, id="a slow bucket"),
        pytest.param(60, 9, COSTS, Workload(6, 0, 0, 32, 0, 1000), id="too few images to hold any out"),
    ],
)
def test_plan_never_passes_the_budget_and_keeps_the_reserve(
    budget: float, charged: float, costs: Costs, workload: Workload
) -> None:
    ledger = RunLedger(budget, costs, workload)
    hold_out_ends_at, scoring_seconds = ledger.plan_hold_out(charged), cost_of(ledger, *HOLD_OUT)
    ledger.settle(*HOLD_OUT)
    assert charged <= hold_out_ends_at <= ledger.training_ends_at
    assert ledger.training_ends_at + ledger.reserve_seconds == pytest.approx(budget)
    assert ledger.training_ends_at - hold_out_ends_at >= scoring_seconds
    if not workload.hold_out_images:
        assert hold_out_ends_at == charged, "without a hold-out all time goes to the refit"


def test_the_reserve_is_charged_at_the_rate_of_the_hardware() -> None:
    slow, fast = (a_ledger(costs=estimate_costs(0.05, 0.001, rate)) for rate in (1.0, 2.5))
    assert fast.reserve_seconds == pytest.approx(2.5 * slow.reserve_seconds)


@pytest.mark.parametrize(
    ("budget", "charged", "step"),
    [
        pytest.param(5, 9, 0.05, id="spent before the first step"),
        pytest.param(12, 9, 0.05, id="no room for the reserve"),
        pytest.param(60, 9, 2.0, id="a machine that is too slow"),
    ],
)
def test_a_budget_that_holds_no_useful_training_is_refused(budget: float, charged: float, step: float) -> None:
    ledger = RunLedger(budget, Costs(step, 0.001, 0.1), LONG_WORKLOAD)
    with pytest.raises(RunError) as refused:
        ledger.plan_hold_out(charged)
    assert refused.value.reason is Reason.BUDGET_NOT_ENOUGH
    shape = r"budget \S+ is not enough: at least \S+, \S+ suggested for 1,400 images"
    assert re.match(shape, refused.value.message)


def test_the_minimum_that_is_named_is_enough() -> None:
    with pytest.raises(RunError) as refused:
        RunLedger(5, COSTS, LONG_WORKLOAD).plan_hold_out(9)
    least = re.search(r"at least (\d+)s", refused.value.message)
    assert least
    RunLedger(float(least[1]), COSTS, LONG_WORKLOAD).plan_hold_out(9)


@pytest.mark.parametrize(
    ("images", "least_passes", "steps"),
    [
        pytest.param(10, 2000, 63, id="few images are repeated"),
        pytest.param(100_000, 2000, 3125, id="many images are seen once"),
    ],
)
def test_least_steps(images: int, least_passes: int, steps: int) -> None:
    assert Workload(images, 0, 0, 32, least_passes=least_passes).least_steps == steps


@pytest.mark.parametrize(("steps", "is_refused"), [(18, True), (19, False), (200, False)])
def test_a_model_that_had_no_chance_to_learn_is_told_of_its_budget(steps: int, *, is_refused: bool) -> None:
    ledger = RunLedger(60, COSTS, LONG_WORKLOAD)
    assert ledger.workload.least_steps == 63, "of which 0.6 are the hold-out run's, and half of these are 18.9"
    if not is_refused:
        ledger.refuse_if_too_short(steps)
        return
    with pytest.raises(RunError, match=r"at least 2m30s, 15m suggested") as refused:
        ledger.refuse_if_too_short(steps)
    assert refused.value.reason is Reason.BUDGET_NOT_ENOUGH


def test_reserve_grows_with_what_there_is_to_measure() -> None:
    many, some, none = (a_ledger(evaluation_images=images).reserve_seconds for images in (10_000, 100, 0))
    assert many > some > none > 1


def test_the_reserve_holds_all_scores_of_the_images_that_the_model_is_measured_on() -> None:
    held_out = a_ledger(hold_out_images=5_000).reserve_seconds - a_ledger().reserve_seconds
    assert held_out == pytest.approx(5_000 * 0.001), "they are predicted once, for the status"
    both, evaluated = a_ledger(evaluation_images=100, hold_out_images=5_000), a_ledger(evaluation_images=100)
    assert both.reserve_seconds == evaluated.reserve_seconds, "held-out images are not measured again"


def test_what_may_give_way_is_kept_besides_what_is_required() -> None:
    gives_way = COSTS.picture_seconds + COSTS.report_seconds + COSTS.scores_seconds + 2.0 * COSTS.export_seconds
    ledger = a_ledger(finish_images=50)
    assert ledger.reserve_seconds == pytest.approx(ledger.required_seconds + gives_way)
    evaluated, plain = a_ledger(evaluation_images=100).required_seconds, a_ledger().required_seconds
    assert evaluated > plain >= COSTS.unmeasured_seconds


OPTIONAL = (RemainingWork.ONNX, RemainingWork.SCORES, RemainingWork.PICTURE, RemainingWork.REPORT)


def test_the_end_has_one_order_and_only_what_explains_the_model_gives_way() -> None:
    entries = RunLedger(60, COSTS, WORKLOAD).entries
    assert tuple(entry.work for entry in entries) == tuple(RemainingWork)
    assert tuple(entry.work for entry in entries if entry.is_optional) == OPTIONAL
    assert not any(entry.is_done for entry in entries)


def test_what_is_done_is_reserved_no_more() -> None:
    ledger = RunLedger(60, COSTS, WORKLOAD)
    for work in RemainingWork:
        before, cost = ledger.reserve_seconds, cost_of(ledger, work)
        ledger.settle(work)
        assert ledger.reserve_seconds == pytest.approx(before - cost)
    assert (ledger.reserve_seconds, ledger.training_ends_at) == (0, 60)


def test_a_run_that_kept_its_reserve_has_all_that_may_give_way_and_each_may_take_longer() -> None:
    ledger = a_ledger(hold_out_images=100)
    left = ledger.reserve_seconds - ledger.required_seconds
    for work in OPTIONAL[:-1]:
        cost = next(entry.cost_seconds for entry in ledger.entries if entry.work is work)
        room = ledger.compute_room(work)
        assert cost < room <= left
        left -= cost
    left -= EXPORT_KEPT * COSTS.export_seconds
    assert left == pytest.approx(COSTS.report_seconds)
    assert ledger.compute_room(RemainingWork.REPORT) == pytest.approx(left), "nothing gives way after it"


@pytest.mark.parametrize(
    ("work", "room"),
    [
        pytest.param(
            RemainingWork.ONNX, 1.5 * 0.4 + (0.35 + 0.2 + 0.4) / 2, id="an export, and half of all that is after it"
        ),
        pytest.param(RemainingWork.SCORES, 0.35 + 100 * 0.001 + (0.2 + 0.4) / 2, id="all scores, by the image"),
        pytest.param(RemainingWork.PICTURE, 0.2 + 0.4 / 2, id="a sample more in the picture"),
        pytest.param(RemainingWork.REPORT, 0.4, id="the report's pictures"),
        pytest.param(RemainingWork.EVALUATION, 1.25 * (0.1 + 100 * 0.002), id="what is required gives way to nothing"),
    ],
)
def test_what_cannot_be_cut_short_needs_room_to_spare(work: RemainingWork, room: float) -> None:
    assert a_ledger(evaluation_images=100).compute_room(work) == pytest.approx(room)


def test_an_output_that_is_required_is_counted_once_where_it_is_asked_for() -> None:
    ledger = RunLedger(60, COSTS, WORKLOAD)
    assert ledger.may_start(RemainingWork.HOLD_OUT_SCORES, 60 - ledger.required_seconds)
    assert not ledger.may_start(RemainingWork.HOLD_OUT_SCORES, 60.01 - ledger.required_seconds)


@pytest.mark.parametrize(("charged", "cost", "admitted"), [(9.0, 1.0, True), (9.0, 1.1, False), (11.0, 0.0, False)])
def test_a_unit_starts_only_if_it_ends_in_time(charged: float, cost: float, *, admitted: bool) -> None:
    ledger = RunLedger(10.0, COSTS, WORKLOAD)
    ledger.settle(*RemainingWork)
    ledger.revise(report_seconds=cost)
    assert ledger.may_start(RemainingWork.REPORT, charged) is admitted


def test_what_finishing_took_is_kept_for_a_fit_on_all_images_whatever_a_prediction_takes() -> None:
    ledger = RunLedger(60, COSTS, Workload(100, 20, 0, 32, finish_images=100))
    ledger.revise_finish(0.8, images=80)
    ledger.revise(predict_image_seconds=0.0, measure_image_seconds=0.002)
    assert cost_of(ledger, RemainingWork.FINISH) == pytest.approx(MARGIN * 1.0)
    ledger = RunLedger(60, ledger.costs, Workload(100, 20, 0, 32))
    assert cost_of(ledger, RemainingWork.FINISH) == 0.0, "this task looks at none"


def test_before_it_was_done_finishing_costs_about_a_prediction_of_each_image() -> None:
    costs = estimate_costs(0.1, 0.01, rate=2.0, finish_seconds=0.4)
    assert cost_of(a_ledger(finish_images=50, costs=costs), RemainingWork.FINISH) == pytest.approx(
        MARGIN * (0.4 + 50 * 0.01)
    )


def test_a_head_costs_its_own_time_whatever_the_network_takes() -> None:
    ledger = a_ledger(evaluation_images=100)
    before = cost_of(ledger, RemainingWork.EVALUATION)
    ledger.revise(head_image_seconds=0.003)
    assert cost_of(ledger, RemainingWork.EVALUATION) == pytest.approx(before + MARGIN * 100 * 0.003)
    ledger.revise(predict_image_seconds=0.0, measure_image_seconds=0.004)
    assert cost_of(ledger, RemainingWork.EVALUATION) == pytest.approx(MARGIN * (0.1 + 100 * 0.007))


@pytest.mark.parametrize(
    ("budget", "lost_seconds", "fits"),
    [
        pytest.param(60, 0, True, id="the whole budget holds it"),
        pytest.param(60, 24, True, id="what is left holds it"),
        pytest.param(60, 55, False, id="what is left does not"),
    ],
)
def test_a_run_that_begins_anew_plans_with_what_is_left(budget: float, lost_seconds: float, *, fits: bool) -> None:
    ledger = RunLedger(budget, COSTS, LONG_WORKLOAD, LostWork(lost_seconds, "are damaged"))
    if fits:
        assert lost_seconds < ledger.plan_hold_out(lost_seconds) < budget
        return
    shape = r"5s of 1m, since the checkpoints .* are damaged\): at least (\d+)s"
    with pytest.raises(RunError, match=shape) as refused:
        ledger.plan_hold_out(lost_seconds)
    least = re.search(r"at least (\d+)s", refused.value.message)
    assert least
    assert 5 <= float(least[1]) < 55, "a new run does not pay for what this one lost"
    RunLedger(float(least[1]), COSTS, LONG_WORKLOAD).plan_hold_out(0)


HEADS = Workload(50, 10, 0, 32, least_passes=2000, is_head_enough=True)
"""Of fifty images: 63 steps for a network."""


def a_head_ledger(budget: float, *, step_seconds: float = 0.1, embed_image_seconds: float = 0.06) -> RunLedger:
    """Return the ledger of a training on fifty images: 1.5 s, and 1.5 times each image, for a head."""
    costs = dataclasses.replace(COSTS, step_seconds=step_seconds, embed_image_seconds=embed_image_seconds)
    return RunLedger(budget, costs, HEADS)


def test_a_head_costs_its_fit_and_each_image_through_a_network() -> None:
    assert a_head_ledger(60).least_head_seconds == pytest.approx(1.5 * (1 + 50 * 0.06))
    assert a_head_ledger(60, embed_image_seconds=0.0).least_head_seconds == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("left_seconds", "step_seconds", "heads_seconds"),
    [
        pytest.param(100.0, 0.1, 0.4 * 60, id="a part of the time for the score, where that is enough"),
        pytest.param(24.0, 0.1, 6.0, id="what a head needs, where a network still fits after it"),
        pytest.param(20.6, 0.1, 6.0, id="hardly"),
        pytest.param(17.0, 0.1, 17.0, id="all of it, where there is time for one of both"),
        pytest.param(100.0, 5.0, 100.0, id="all of it, where a network takes too long"),
    ],
)
def test_the_search_for_a_head_ends_so_that_a_network_fits_or_a_head_alone(
    left_seconds: float, step_seconds: float, heads_seconds: float
) -> None:
    ledger = a_head_ledger(200, step_seconds=step_seconds)
    charged = ledger.training_ends_at - left_seconds
    assert ledger.plan_heads(charged) - charged == pytest.approx(heads_seconds)


def test_more_images_than_a_network_can_look_at_leave_a_network_its_time() -> None:
    ledger = a_head_ledger(200, embed_image_seconds=10.0)
    charged = ledger.training_ends_at - 20
    assert ledger.plan_heads(charged) - charged == pytest.approx(0.4 * 12)


@pytest.mark.parametrize(
    ("left_seconds", "step_seconds", "embed_image_seconds", "fits"),
    [
        pytest.param(6.5, 0.1, 0.06, True, id="a network or a head"),
        pytest.param(6.1, 5.0, 0.06, True, id="a head"),
        pytest.param(6.5, 0.1, 10.0, True, id="a network"),
        pytest.param(5.9, 5.0, 0.06, False, id="neither"),
    ],
)
def test_a_budget_is_enough_for_the_cheaper_of_head_and_network(
    left_seconds: float, step_seconds: float, embed_image_seconds: float, *, fits: bool
) -> None:
    ledger = a_head_ledger(200, step_seconds=step_seconds, embed_image_seconds=embed_image_seconds)
    charged = ledger.training_ends_at - left_seconds
    assert ledger.fits_network(charged) == (step_seconds < 1)
    if fits:
        ledger.check_budget(charged)
        return
    for plan in (ledger.check_budget, ledger.plan_heads):
        with pytest.raises(RunError) as refused:
            plan(charged)
        assert refused.value.reason is Reason.BUDGET_NOT_ENOUGH


def test_fifty_photographs_need_twenty_seconds_at_most() -> None:
    ledger = a_head_ledger(5, step_seconds=0.2, embed_image_seconds=0.08)
    with pytest.raises(RunError, match="at least 20s") as refused:
        ledger.check_budget(4.0)
    assert "suggested for 50 images" in refused.value.message
    a_head_ledger(20, step_seconds=0.2, embed_image_seconds=0.08).check_budget(4.0)

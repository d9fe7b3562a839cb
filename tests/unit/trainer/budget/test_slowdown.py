"""What still fits at the end of a budget on a machine that became slower than it was measured."""

import pytest

from darkroom_trainer.budget import costs, ledger as ledgers, slowdown as slowdowns
from darkroom_trainer.budget.ledger import RemainingWork, RunLedger
from tests.unit.trainer.budget.test_ledger import BEFORE_PUBLICATION, HOLD_OUT

BUDGET_SECONDS = 60.0
COSTS = costs.Costs(step_seconds=0.1, predict_image_seconds=0.001, upload_file_seconds=0.01, unmeasured_seconds=0.4)
SHAPE = ("test_resnet", 64, 32, None)
OTHER_SHAPE = ("test_vit", 64, 32, None)


def a_ledger(*steps: float, done: tuple[RemainingWork, ...] = HOLD_OUT) -> RunLedger:
    """Return the ledger of 60 s, of which nothing is charged yet, after steps that took so long."""
    ledger = RunLedger(BUDGET_SECONDS, COSTS, ledgers.Workload(100, 20, 0, 32))
    ledger.settle(*done)
    for seconds in steps:
        ledger.slowdown.learn_step(SHAPE, seconds)
    return ledger


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
    ledger = a_ledger(0.1, took, done=BEFORE_PUBLICATION)
    ledger.revise(report_seconds=1.0)
    assert ledger.may_start(RemainingWork.REPORT, BUDGET_SECONDS - left_seconds) is fits


@pytest.mark.parametrize(
    ("took", "factor"), [(0.05, 1.0), (0.1, 1.0), (0.125, 1.0), (0.13, 1.04), (0.25, 2.0), (9.0, 3.2)]
)
def test_the_slowdown_begins_where_the_margins_end_and_is_bounded(took: float, factor: float) -> None:
    assert slowdowns.compute_slowdown(0.1, took) == pytest.approx(factor)


def test_steps_of_another_kind_are_not_compared() -> None:
    slowdown = slowdowns.Slowdown()
    slowdown.learn_step(SHAPE, 0.1)
    slowdown.learn_step(OTHER_SHAPE, 0.9)
    slowdown.learn_step(SHAPE, None)
    assert slowdown.factor == 1.0


def test_the_refit_leaves_a_slow_machine_more_for_what_follows() -> None:
    before, after = a_ledger().training_ends_at, a_ledger(0.1, 0.25).training_ends_at
    assert BUDGET_SECONDS - after == pytest.approx(2 * (BUDGET_SECONDS - before))


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_step_as_slow_as_the_slowest_may_take_what_gives_way_and_nothing_of_the_model(factor: float) -> None:
    ledger = a_ledger()
    last = BUDGET_SECONDS - factor * (ledger.required_seconds + ledger.compute_room(RemainingWork.ONNX))
    assert ledger.leaves_model(last - 0.01, factor)
    assert not ledger.leaves_model(last + 0.01, factor)
    assert not a_ledger(done=()).leaves_model(last - 0.01, factor), "the held-out images are not scored yet"


@pytest.mark.parametrize(
    ("took", "factor"),
    [
        pytest.param(0.3, 2.4, id="slower than at best"),
        pytest.param(0.12, 1.0, id="hardly slower"),
        pytest.param(None, 2.0, id="too few steps to tell, so as it was"),
    ],
)
def test_steps_tell_the_slowdown_while_they_are_taken(took: float | None, factor: float) -> None:
    slowdown = a_ledger(0.1, 0.25).slowdown
    assert slowdown.judge_step(SHAPE, took) == pytest.approx(factor)
    assert slowdown.judge_step(OTHER_SHAPE, took) == pytest.approx(2.0), "nothing is known of such steps"


def test_an_export_that_took_longer_than_estimated_slows_what_follows() -> None:
    slowdown = slowdowns.Slowdown()
    slowdown.learn(estimated_seconds=0.4, took_seconds=1.2)
    assert slowdown.factor == pytest.approx(2.4)


@pytest.mark.parametrize(
    ("took", "factor"),
    [
        pytest.param(0.2, 2.0, id="as expected: the steps before were slow all the same"),
        pytest.param(0.6, 2.4, id="slower than that"),
        pytest.param(90.0, 3.2, id="at most so much"),
    ],
)
def test_a_slow_evaluation_leaves_more_for_what_follows_and_a_fast_one_takes_nothing_back(
    took: float, factor: float
) -> None:
    ledger = a_ledger(0.1, 0.25)
    ledger.compare_scoring(took, images=50)
    assert ledger.slowdown.factor == pytest.approx(factor), "50 images of 2 ms, and 0.1 s"


def test_an_export_fits_after_the_last_step_that_leaves_a_model() -> None:
    ledger, charged = a_ledger(0.1, 0.3), 0.0
    while ledger.leaves_model(charged + 0.3, ledger.slowdown.factor):
        charged += 0.3
    ledger.settle(*BEFORE_PUBLICATION)
    assert ledger.may_start(RemainingWork.ONNX, charged)


@pytest.mark.parametrize("slowness", [1.4, 1.6])
def test_a_machine_that_became_slower_after_the_last_step_still_gets_its_onnx_file(slowness: float) -> None:
    ledger = a_ledger(0.1)
    charged = ledger.training_ends_at
    scoring_seconds = slowness * COSTS.measure_seconds
    ledger.compare_scoring(scoring_seconds, images=0)
    ledger.settle(*BEFORE_PUBLICATION)
    assert ledger.may_start(RemainingWork.ONNX, charged + scoring_seconds)

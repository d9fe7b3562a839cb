"""What the last steps of a window say of the next."""

import pytest

from darkroom_trainer.budget.step_costs import KEPT_STEPS, RECENT_STEPS, StepCosts


def costs_of(*seconds: float) -> StepCosts:
    costs = StepCosts()
    for one in seconds:
        costs.add(one)
    return costs


@pytest.mark.parametrize(
    ("seconds", "recent"),
    [
        pytest.param((), None, id="no step"),
        pytest.param((0.5,) * (RECENT_STEPS - 1), None, id="too few to tell"),
        pytest.param((0.5,) * RECENT_STEPS, 0.5, id="enough"),
        pytest.param((0.5,) * 30 + (1.5,) * RECENT_STEPS, 1.5, id="slower than before"),
        pytest.param((0.01,) * 40 + (0.04,) * RECENT_STEPS, 0.01, id="a hiccup of short steps"),
        pytest.param((0.01,) * 40 + (0.1,) * 25, 0.1, id="short steps that have become slow"),
        pytest.param((0.5,) * 20 + (9.0,), 0.5, id="a stall"),
    ],
)
def test_recent_steps_tell_how_fast_a_machine_is_now(seconds: tuple[float, ...], recent: float | None) -> None:
    assert costs_of(*seconds).recent_median() == recent


def test_where_asked_few_steps_tell_as_well() -> None:
    assert costs_of(0.2, 0.4).recent_median(least_steps=1) == pytest.approx(0.3)
    assert costs_of().recent_median(least_steps=1) is None


def test_costs_are_those_of_the_last_steps() -> None:
    costs = costs_of(9.0, *([0.1] * (KEPT_STEPS - 5)), *([0.4] * 5))
    assert (costs.high, costs.highest) == (0.4, 0.4)
    assert costs_of(*([0.1] * 48), 0.5, 0.7).high == 0.1, "two of 50 are no 5 %"
    assert (costs_of().high, costs_of().highest) == (0.0, 0.0)

"""Which runs on a random budget are broken."""

import pytest

from bench.random_budgets.verdicts import Plan, Run, find_problems
from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.training.publication import model_files


@pytest.mark.parametrize(
    ("reason", "charged", "excess", "said"),
    [
        pytest.param(Reason.SUCCEEDED, 9.9, -0.1, [], id="within the budget"),
        pytest.param(Reason.SUCCEEDED, 10.0, 0.4, ["0.40 charged seconds above"], id="capped, and yet above it"),
        pytest.param(Reason.SUCCEEDED, 10.5, -0.1, ["was charged 10.50"], id="charged too much"),
        pytest.param(Reason.BUDGET_NOT_ENOUGH, 0.0, 0.4, [], id="refused after a slow measurement"),
        pytest.param(Reason.BUDGET_NOT_ENOUGH, 3.0, 0.4, ["above the budget"], id="refused after kept work"),
        pytest.param(Reason.UNKNOWN, 2.0, -5.0, ["ended Unknown"], id="a crash"),
    ],
)
def test_a_random_run_is_broken_when_it_passes_its_budget_or_crashes(
    reason: Reason, charged: float, excess: float, said: list[str]
) -> None:
    problems = find_problems(a_random_run(reason, "", charged, excess))
    assert len(problems) == len(said)
    assert all(text in problem for text, problem in zip(said, problems, strict=True))


@pytest.mark.parametrize(("problem", "is_broken"), [(None, True), (model_files.NO_TIME, False)])
def test_a_random_run_is_broken_when_its_onnx_file_disagrees_and_not_when_there_was_no_time_for_it(
    problem: str | None, *, is_broken: bool
) -> None:
    message = model_files.explain_missing({"agrees": False, "problem": problem})
    assert message is not None
    assert bool(find_problems(a_random_run(Reason.SUCCEEDED, message, 9.0, -1.0))) is is_broken


def a_random_run(reason: Reason, message: str, charged: float, excess: float) -> Run:
    plan = Plan(1, Task.CLASSIFIER, 12, False, 10.0, 1000, 0, 0.1, ())
    return Run(plan, reason, message, charged, excess, "", (), 1, "", 1.0)

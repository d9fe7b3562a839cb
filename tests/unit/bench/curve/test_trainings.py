"""Drops of the curve, and what early stops save."""

import pytest

from bench.curve import trainings
from bench.fewshot.cells import DARKROOM, Cell, Row


def a_result(budget: float, score: float, charged: float, *, stops_early: bool = True) -> Row:
    method = DARKROOM if stops_early else trainings.SPENDS_ALL
    return Row(Cell("digits", 10, 0, method, budget), score, 300, charged, {"stop": "Converged"})


def test_a_larger_budget_may_lose_noise_and_no_more() -> None:
    fine = [a_result(30, 0.90, 29), a_result(60, 0.89, 59)]
    assert not trainings.find_drops(fine)
    dropped = trainings.find_drops([*fine, a_result(120, 0.80, 119)])
    assert len(dropped) == 2, "worse than both smaller budgets"
    assert all("120 s" in problem for problem in dropped)


@pytest.mark.parametrize(
    ("score", "charged", "said"),
    [
        pytest.param(0.95, 150, [], id="a quarter charged, nothing lost"),
        pytest.param(0.95, 300, ["50%"], id="half of it charged"),
        pytest.param(0.80, 150, ["lost 0.150"], id="stopped too early"),
    ],
)
def test_early_stop_saves_compute_at_no_loss(score: float, charged: float, said: list[str]) -> None:
    problems = trainings.find_stop_problems(
        [a_result(600, score, charged)], [a_result(300, 0.95, 299, stops_early=False)]
    )
    assert len(problems) == len(said)
    assert all(text in problem for text, problem in zip(said, problems, strict=True))

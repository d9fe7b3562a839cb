"""What guessing scores, which budgets are useful, and which one is tried next."""

from typing import Any

import numpy as np
import pytest

from bench.fewshot.cells import Cell, Row
from bench.fewshot.drawing.pictures import Box, Picture
from bench.fewshot.sets import Part
from bench.least_budget import guessing

PIXELS = np.zeros((4, 8, 3), dtype=np.uint8)
BUDGETS = (8.0, 12.0, 16.0, 20.0, 30.0)


def a_part(*pictures: tuple[int, Box | None]) -> Part:
    return Part(("a", "b"), [Picture(PIXELS, (label,), (box,) if box else ()) for label, box in pictures])


def test_of_classes_the_most_common_one_is_guessed() -> None:
    test = a_part((0, None), (1, None), (1, None), (1, None))
    assert guessing.score_guess(a_part((0, None), (1, None)), test) == 0.75


@pytest.mark.parametrize(
    ("shown", "guess"),
    [
        pytest.param((0.2, 0.2, 0.6, 0.6), 1.0, id="all boxes where they were in training"),
        pytest.param((0.0, 0.0, 0.2, 0.2), 0.0, id="boxes elsewhere"),
    ],
)
def test_of_boxes_the_mean_one_is_guessed(shown: Box, guess: float) -> None:
    train = a_part((0, (0.1, 0.2, 0.6, 0.6)), (0, (0.3, 0.2, 0.6, 0.6)))
    assert guessing.score_guess(train, a_part((0, shown))) == guess


@pytest.mark.parametrize(
    ("details", "is_useful"),
    [
        pytest.param({"scoreLow": 0.31}, True, id="surely above guessing"),
        pytest.param({"scoreLow": 0.30}, False, id="perhaps no better"),
        pytest.param({"reason": "BudgetNotEnough"}, False, id="no model"),
    ],
)
def test_a_budget_is_useful_where_the_score_is_surely_above_guessing(details: dict[str, Any], is_useful: bool) -> None:
    row = Row(Cell("tools", 5, 0, "darkroom", 20), 0.6, 20, 19.0, details)
    assert guessing.is_useful(row, 0.3) is is_useful


@pytest.mark.parametrize("least", [8.0, 16.0, 30.0, None])
def test_bisection_finds_the_least_useful_budget_in_three_trainings(least: float | None) -> None:
    tried: dict[float, bool] = {}
    while (budget := guessing.choose_next(BUDGETS, tried)) is not None:
        assert budget not in tried
        tried[budget] = least is not None and budget >= least
    assert min((budget for budget, found in tried.items() if found), default=None) == least
    assert len(tried) <= 3

"""How a method is judged beside the best other, and what the table of a set shows."""

import pytest

from bench.fewshot import sets, tables
from bench.fewshot.cells import Cell, Row
from bench.fewshot.tables import BEHIND, BEST, UNMEASURED, WITHIN, Score


@pytest.mark.parametrize(
    ("own", "best", "verdict"),
    [
        pytest.param((0.80, 0.01), (0.79, 0.01), BEST, id="ahead"),
        pytest.param((0.80, 0.01), (0.80, 0.00), BEST, id="equal"),
        pytest.param((0.80, 0.02), (0.815, 0.02), WITHIN, id="less than a deviation behind"),
        pytest.param((0.80, 0.02), (0.83, 0.02), BEHIND, id="more than a deviation behind"),
        pytest.param((0.998, 0.00), (1.0, 0.00), WITHIN, id="behind by less than one image"),
        pytest.param((0.80, 0.00), (0.83, 0.03), BEHIND, id="a baseline's luck alone is no excuse"),
    ],
)
def test_a_method_is_judged_beside_the_best_other(
    own: tuple[float, float], best: tuple[float, float], verdict: str
) -> None:
    others = [Score(0.1, 0.5, 3, 200), Score(*best, 3, 200)]
    assert tables.judge(Score(*own, 3, 200), others) == verdict


def test_nothing_is_said_about_what_was_not_measured() -> None:
    assert tables.judge(None, [Score(0.5, 0.1, 3, 200)]) == UNMEASURED
    assert tables.judge(Score(0.5, 0.1, 3, 200), []) == UNMEASURED


def test_the_table_marks_the_best_of_each_line() -> None:
    rows = [
        Row(Cell("digits", 2, seed, method, 20), score + seed / 10, 300, 20.0, {})
        for method, score in (("darkroom", 0.7), ("knn", 0.5))
        for seed in (0, 1)
    ]
    text, verdicts = tables.format_table("digits", rows, [2, sets.FULL], ["darkroom", "knn"])
    assert text.splitlines()[2:] == [
        "| 2 | **0.750 ± 0.071** | 0.550 ± 0.071 | best |",
        "| full | – | – | not measured |",
    ]
    assert verdicts == [BEST, UNMEASURED]


def test_the_stricter_score_of_boxes_stands_beside_the_other() -> None:
    rows = [
        Row(Cell("tools", 2, seed, method, 120), score, 20, 120.0, {}, score / 2)
        for method, score in (("darkroom", 0.8), ("embedded-fcos", 0.6))
        for seed in (0, 1)
    ]
    text, verdicts = tables.format_table("tools", rows, [2], ["darkroom", "embedded-fcos"])
    assert text.splitlines()[2] == "| 2 | **0.800 ± 0.000** / 0.400 | 0.600 ± 0.000 / 0.300 | best |"
    assert verdicts == [BEST]

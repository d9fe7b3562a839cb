"""The API fault matrix: every row of the tables in docs/faults.md, on a real API server behind the fault proxy."""

import pathlib
from typing import Final

import pytest

from tests.faults.cases import clock
from tests.faults.cases.case import Case, Result
from tests.faults.cases.tables import ALL_CASES, render_tables

EXTENDED: Final = frozenset({"watch late by 30 s", "frames lost", "streams silent", "API server away for 90 s"})
"""Rows that mostly wait; a shorter outage is in test_two_operators.py."""
PAGE = pathlib.Path(__file__).parents[2] / "docs/faults.md"


def _mark(case: Case) -> list[pytest.MarkDecorator]:
    needs_compiler = case.group == "Clock"
    marks = [pytest.mark.skipif(needs_compiler and clock.find_compiler() is None, reason="no C compiler: cc")]
    return [*marks, pytest.mark.extended] if case.name in EXTENDED else marks


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name, marks=_mark(case)) for case in ALL_CASES])
def test_a_model_comes_through(case: Case, api_results: dict[str, Result]) -> None:
    result = api_results[case.name]
    assert not result.problems, f"{case.done}: expected {case.expected}; {result.seen}"


def test_the_page_on_faults_shows_every_row() -> None:
    assert render_tables() in PAGE.read_text()

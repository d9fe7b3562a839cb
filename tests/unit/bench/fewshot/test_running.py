"""Which cells are still to be measured, and how long they are said to take."""

import pathlib

import pytest

from bench.fewshot import running
from bench.fewshot.cells import Cell, ResultFile, Row

CELLS = [Cell("digits", 2, seed, "darkroom", 60) for seed in (0, 1)]


def test_what_was_measured_is_left_out_unless_asked_for(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ResultFile(tmp_path / "results.jsonl")
    file.append(Row(CELLS[0], 0.5, 300, 60.0, {}))
    assert running.plan_due(CELLS, file, 2) == CELLS[1:]
    assert "1 of 2 cells to measure, at most about 1 min" in capsys.readouterr().out
    assert running.plan_due(CELLS, file, 2, fresh=True) == CELLS


def test_methods_that_do_not_spend_their_budget_take_less() -> None:
    own, quick = (running.estimate_seconds(Cell("digits", 2, 0, name, 60)) for name in ("darkroom", "knn"))
    assert own == running.AROUND_SECONDS + 120
    assert quick < own / 4

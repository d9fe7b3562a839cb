"""What tells the cells of the few-shot bench apart, and how rows are kept and told."""

import pathlib

from bench.fewshot import cells, sets
from bench.fewshot.cells import Cell, ResultFile, Row


def test_results_of_other_budgets_are_other_cells() -> None:
    assert Cell("digits", 2, 0, "knn", 20).key != Cell("digits", 2, 0, "knn", 40).key
    assert cells.parse_shots(cells.name_shots(sets.FULL)) == sets.FULL


def test_a_cell_of_darkroom_says_its_variant_and_a_baseline_none() -> None:
    assert [Cell("digits", 2, 0, name, 20).variant for name in ("darkroom", "darkroom:resnet18", "knn")] == [
        "",
        "resnet18",
        None,
    ]


def test_rows_are_read_as_written_the_last_of_a_key_and_none_that_was_cut_off(tmp_path: pathlib.Path) -> None:
    path, cell = tmp_path / "results.jsonl", Cell("tools", 2, 0, "darkroom", 120)
    first, last = Row(cell, 0.4, 20, 99.0, {}, 0.1), Row(cell, 0.5, 20, 99.0, {"wallSeconds": 3}, 0.2)
    for row in (first, last):
        ResultFile(path).append(row)
    path.write_text(path.read_text() + path.read_text()[:40])
    assert ResultFile(path).read() == {cell.key: last}


def test_a_training_without_a_model_says_why() -> None:
    row = Row(Cell("tools", 2, 0, "darkroom", 120), 0.0, 20, 3.0, {"reason": "TrainingDiverged"}, 0.0)
    assert "0.000 (mAP@75 0.000), TrainingDiverged in 3.0 s charged" in row.describe()

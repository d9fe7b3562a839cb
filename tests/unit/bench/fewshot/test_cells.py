"""What tells the cells of the few-shot bench apart."""

from bench.fewshot import cells, sets
from bench.fewshot.cells import Cell


def test_results_of_other_budgets_are_other_cells() -> None:
    assert Cell("digits", 2, 0, "knn", 20).key != Cell("digits", 2, 0, "knn", 40).key
    assert cells.parse_shots(cells.name_shots(sets.FULL)) == sets.FULL

"""Rows of boards and their alignment."""

import numpy as np

from darkroom_shelf.board_alignment import MAX_CELLS, BoardRow, align
from darkroom_shelf.boards import list_rows
from darkroom_shelf.places import build_places
from tests.support.shelf.drawn_shelves import a_planogram


def a_row(names: str, shift: float = 0.0) -> BoardRow:
    return BoardRow(np.arange(len(names), dtype=np.float64) * 10 + shift, np.array([ord(name) for name in names]))


def pair_names(planned: str, seen: str, shift: float = 0.0) -> list[tuple[str, str]]:
    return [(planned[at], seen[which]) for at, which in align(a_row(planned), a_row(seen, shift), 10.0)]


def test_a_row_without_its_first_product_keeps_its_order() -> None:
    assert pair_names("ABCDE", "BCDE") == [("B", "B"), ("C", "C"), ("D", "D"), ("E", "E")]


def test_another_product_in_the_row_is_paired_with_what_it_stands_for() -> None:
    assert pair_names("ABCDE", "ABXDE")[2] == ("C", "X")


def test_of_equal_products_the_nearest_is_taken() -> None:
    assert align(a_row("AAAA"), a_row("AA", 20.0), 10.0) == [(2, 0), (3, 1)]


def test_a_board_with_too_much_on_it_is_not_aligned() -> None:
    many = "A" * (int(MAX_CELLS**0.5) + 1)
    assert align(a_row(many), a_row(many), 10.0) == []


def test_each_board_is_a_row_from_left_to_right() -> None:
    planogram = a_planogram(rows=3, facings=4)
    planned, _ = build_places(planogram.positions, [])
    rows = list_rows(planogram.positions, planned)
    assert [[planogram.positions[at].id for at in row.positions] for row in rows] == [
        [f"{row}-{at}" for at in range(4)] for row in range(3)
    ]


def test_a_board_of_few_facings_with_thousands_of_things_before_it_is_aligned() -> None:
    assert len(align(a_row("ABC"), a_row("Z" * 13_000), 10.0)) == 3

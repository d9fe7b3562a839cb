"""Boxes over a picture: where they are, and names where there is room."""

from typing import Any

import pytest

from darkroom_report import pictures
from tests.support.pages import Page


def a_box(kind: str, *box: float, tag: str = "tea", **fields: Any) -> dict[str, Any]:
    """Return a box in shares of its image."""
    return {"kind": kind, "box": box or (0.1, 0.2, 0.5, 0.4), "tag": tag, **fields}


def find_rectangles(page: Page) -> list[dict[str, str | None]]:
    """Return the attributes of the boxes, without the halos around them."""
    return [found for name, found in page.elements if name == "rect" and "halo" not in (found["class"] or "")]


def test_a_box_lies_where_it_is_in_the_picture() -> None:
    page = Page(pictures.draw_boxes([a_box("missed", 0.1, 0.2, 0.5, 0.4)], 100, 50))
    (box,) = find_rectangles(page)
    assert [box[side] for side in ("x", "y", "width", "height")] == ["25", "25", "125", "50"]
    assert {found.get("viewbox") for name, found in page.elements if name == "svg"} == {"0 0 250 125"}


def test_what_is_wrong_lies_on_top_and_truth_and_guess_look_different() -> None:
    boxes = [a_box("false"), a_box("found"), a_box("missed"), a_box("right"), a_box("shown")]
    drawn = [found["class"] for found in find_rectangles(Page(pictures.draw_boxes(boxes, 100, 50)))]
    assert drawn == ["box true quiet", "box guess quiet", "box true ", "box guess loud", "box true loud"]


def find_names(*boxes: dict[str, Any]) -> list[str]:
    """Return the names that are drawn."""
    return Page(pictures.draw_boxes(boxes, 100, 50)).texts


WRITTEN = {
    "a wrong box": ([a_box("missed")], ["tea"]),
    "a guess with its confidence": ([a_box("false", confidence=0.93)], ["tea · 93\u00a0%"]),
    "no box that was found": ([a_box("found"), a_box("right")], []),
    "a long name cut": ([a_box("missed", tag="x" * 40)], ["x" * 13 + "…"]),
    "no name that finds no place": ([a_box("missed", 0, 0, 1, 1, tag=f"{at}") for at in range(9)], ["0", "1"]),
}


@pytest.mark.parametrize(("boxes", "names"), WRITTEN.values(), ids=WRITTEN)
def test_names_are_written_of(boxes: list[dict[str, Any]], names: list[str]) -> None:
    assert find_names(*boxes) == names

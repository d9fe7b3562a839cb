"""Mistakes as pictures: boxes where they are, names where there is room, and captions of tags."""

from typing import Any

import pytest

from darkroom_report import pictures
from tests.support.pages import Page

PICTURE = {"data": "data:image/jpeg;base64,AA", "width": 100, "height": 50}


def a_box(kind: str, *box: float, tag: str = "tea", **fields: Any) -> dict[str, Any]:
    """Return a box in shares of its image."""
    return {"kind": kind, "box": box or (0.1, 0.2, 0.5, 0.4), "tag": tag, **fields}


def find_rectangles(page: Page) -> list[dict[str, str | None]]:
    """Return the attributes of the boxes, without the halos around them."""
    return [found for name, found in page.elements if name == "rect" and "halo" not in (found["class"] or "")]


def test_a_box_lies_where_it_is_in_the_picture() -> None:
    page = Page(pictures.render_frame(PICTURE, [a_box("missed", 0.1, 0.2, 0.5, 0.4)]))
    (box,) = find_rectangles(page)
    assert [box[side] for side in ("x", "y", "width", "height")] == ["25", "25", "125", "50"]
    assert {found.get("viewbox") for name, found in page.elements if name == "svg"} == {"0 0 250 125"}


def test_what_is_wrong_lies_on_top_and_truth_and_guess_look_different() -> None:
    boxes = [a_box("false"), a_box("found"), a_box("missed"), a_box("right"), a_box("shown")]
    drawn = [found["class"] for found in find_rectangles(Page(pictures.render_frame(PICTURE, boxes)))]
    assert drawn == ["box true quiet", "box guess quiet", "box true ", "box guess loud", "box true loud"]


def find_names(*boxes: dict[str, Any]) -> list[str]:
    """Return the names that are drawn."""
    return Page(pictures.render_frame(PICTURE, boxes)).texts


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


def test_the_place_of_a_missing_picture_is_kept() -> None:
    assert Page(pictures.render_frame(None, [a_box("missed")])).text == "no picture"


def a_mistake(what: str = "wrong", boxes: Any = (), **fields: Any) -> dict[str, Any]:
    """Return a mistake of a classifier that took oil for tea."""
    guesses = [{"tag": "tea", "confidence": 0.8}, {"tag": "oil", "confidence": 0.1}]
    mistake = {"what": what, "file": "a.png", "picture": PICTURE, "boxes": boxes, "guesses": guesses, "truth": ["oil"]}
    return {**mistake, **fields}


def show(shown: list[dict[str, Any]], wrong: int = 7, images: int = 1200) -> str:
    """Return the text of the section."""
    return Page(pictures.render_mistakes({"images": images, "wrong": wrong, "shown": shown}) or "").text


CHOICES = {
    "none": ([], 0, "None: all 1,200 measured images were answered without one."),
    "the only one": ([a_mistake()], 1, "1 of 1,200 measured images have a mistake; this is it."),
    "all": ([a_mistake()] * 2, 2, "all of them are shown."),
    "the surest": ([a_mistake()] * 2, 7, "these 2 are those the model was surest of."),
    "the worst boxes": ([a_mistake(boxes=[a_box("false", confidence=0.9)])], 7, "these 1 have the surest false boxes"),
}


@pytest.mark.parametrize(("shown", "wrong", "words"), CHOICES.values(), ids=CHOICES)
def test_the_section_says_which_mistakes_it_shows(shown: list[dict[str, Any]], wrong: int, words: str) -> None:
    assert words in show(shown, wrong)


def test_where_nothing_was_measured_there_is_no_section() -> None:
    assert pictures.render_mistakes({"images": 0, "wrong": 0, "shown": []}) is None


CAPTIONS = {
    "the surest answer and what its truth was given": (a_mistake(), "Model: tea · 80 %Truth: oil · 10 %"),
    "every tag that was shown of several": (a_mistake("extra"), "Model: tea · 80 %, oil · 10 %Truth: oil"),
    "no answer at all": (a_mistake("missed", guesses=[]), "Model: no tagTruth: oil"),
    "no truth": (a_mistake(truth=[]), "Truth: no tag"),
}


@pytest.mark.parametrize(("mistake", "words"), CAPTIONS.values(), ids=CAPTIONS)
def test_a_caption_tells(mistake: dict[str, Any], words: str) -> None:
    assert words in show([mistake]).replace("\u00a0", " ")

"""Mistakes as pictures: which are shown, and captions of tags and boxes."""

from typing import Any

import pytest

from tests.support.pages import show_macro

PICTURE = {"data": "data:image/jpeg;base64,AA", "width": 100, "height": 50}
FALSE_BOX = {"kind": "false", "box": (0.1, 0.2, 0.5, 0.4), "tag": "tea", "confidence": 0.9}


def test_the_place_of_a_missing_picture_is_kept() -> None:
    assert show_macro("macros.html", "frame", None, [FALSE_BOX]).text == "no picture"


def a_mistake(what: str = "wrong", boxes: Any = (), **fields: Any) -> dict[str, Any]:
    """Return a mistake of a classifier that took oil for tea."""
    guesses = [{"tag": "tea", "confidence": 0.8}, {"tag": "oil", "confidence": 0.1}]
    mistake = {"what": what, "file": "a.png", "picture": PICTURE, "boxes": boxes, "guesses": guesses, "truth": ["oil"]}
    return {**mistake, **fields}


def show(shown: list[dict[str, Any]], wrong: int = 7, images: int = 1200) -> str:
    """Return the text of the section."""
    return show_macro("mistakes.html", "section", {"images": images, "wrong": wrong, "shown": shown}).text


CHOICES = {
    "none": ([], 0, "None: all 1,200 measured images were answered without one."),
    "the only one": ([a_mistake()], 1, "1 of 1,200 measured images have a mistake; this is it."),
    "all": ([a_mistake()] * 2, 2, "all of them are shown."),
    "the surest": ([a_mistake()] * 2, 7, "these 2 are those the model was surest of."),
    "the worst boxes": ([a_mistake(boxes=[FALSE_BOX])], 7, "these 1 have the surest false boxes"),
}


@pytest.mark.parametrize(("shown", "wrong", "words"), CHOICES.values(), ids=CHOICES)
def test_the_section_says_which_mistakes_it_shows(shown: list[dict[str, Any]], wrong: int, words: str) -> None:
    assert words in show(shown, wrong)


def test_where_nothing_was_measured_there_is_no_section() -> None:
    assert not show([], 0, 0)


CAPTIONS = {
    "the surest answer and what its truth was given": (a_mistake(), "Model: tea · 80 % Truth: oil · 10 %"),
    "every tag that was shown of several": (a_mistake("extra"), "Model: tea · 80 %, oil · 10 % Truth: oil"),
    "no answer at all": (a_mistake("missed", guesses=[]), "Model: no tag Truth: oil"),
    "no truth": (a_mistake(truth=[]), "Truth: no tag"),
}


@pytest.mark.parametrize(("mistake", "words"), CAPTIONS.values(), ids=CAPTIONS)
def test_a_caption_tells(mistake: dict[str, Any], words: str) -> None:
    assert words in show([mistake]).replace("\u00a0", " ")

"""Scores told apart: by tag, by what is taken for what, by confidence."""

from typing import Any

import pytest

from tests.support.pages import Page, show_macro


def a_row(tag: str = "tea", f1: float | None = 0.5) -> dict[str, Any]:
    """Return the scores of a tag."""
    return {
        "tag": tag,
        "trained": 1200,
        "truths": 30,
        "precision": 0.75,
        "recall": 0.25,
        "f1": f1,
        "averagePrecision": None,
    }


def show_tags(count: int, score: str = "accuracyTop1") -> Page:
    """Return the table of so many tags."""
    rows = [a_row(f"tag {at}") for at in range(count)]
    return show_macro("scores.html", "tags", {"tags": rows, "tagCount": count, "headline": {"scoreName": score}})


def test_a_tag_has_a_row_with_its_counts_and_scores() -> None:
    texts = show_tags(1).texts
    assert texts[texts.index("tag 0") :] == ["tag 0", "1,200", "30", "0.750", "0.250", "0.500", "–"]


@pytest.mark.parametrize(
    ("score", "what"), [("accuracyTop1", "images"), ("meanAveragePrecision50", "boxes")], ids=["tags", "boxes"]
)
def test_what_was_measured_of_a_tag_is_named(score: str, what: str) -> None:
    assert f"Measured: {what}." in show_tags(1, score).text


@pytest.mark.parametrize(
    ("count", "rows", "cut"), [(100, 100, False), (101, 100, True)], ids=["as many as are shown", "one more"]
)
def test_of_many_tags_the_first_are_shown(count: int, rows: int, *, cut: bool) -> None:
    page = show_tags(count)
    assert [name for name, _ in page.elements].count("tr") == 1 + rows
    assert ("These are 100 of 101; all of them are in report.json." in page.text) is cut


def test_without_rows_there_is_no_section() -> None:
    assert not show_tags(0).elements
    assert not show_macro("scores.html", "confusion", None).elements
    assert not show_macro("scores.html", "confusion", {"tags": 0, "mostConfused": []}).elements
    assert not show_macro("scores.html", "curves", [], []).elements


def a_mistake(truth: str | None, predicted: str | None, count: int = 1234) -> dict[str, Any]:
    return {"truth": truth, "predicted": predicted, "count": count}


MATRIX: Any = {"labels": ["tea", "oil", None], "counts": [[5, 1, 0], [2, 4, 0], [0, 0, 0]]}
CONFUSIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a matrix of all tags": ({"tags": 2, **MATRIX}, "Rows are the truth, columns the answer"),
    "a matrix of some tags": ({"tags": 1500, **MATRIX}, "These are the 2 most confused of 1,500 tags."),
    "no matrix of very many": ({"tags": 1500}, "A matrix of 1,500 tags would not be readable."),
    "the commonest mistakes": ({"tags": 2, "mostConfused": [a_mistake("tea", "oil")]}, "Times tea oil 1,234"),
    "what was not found": ({"tags": 2, "mostConfused": [a_mistake("tea", None)]}, "tea not found 1,234"),
    "what was not there": ({"tags": 2, "mostConfused": [a_mistake(None, "oil")]}, "nothing there oil 1,234"),
    "no mistakes": ({"tags": 2}, "Commonest mistakes None."),
}


@pytest.mark.parametrize(("confusion", "words"), CONFUSIONS.values(), ids=CONFUSIONS)
def test_confusion_shows(confusion: dict[str, Any], words: str) -> None:
    assert words in show_macro("scores.html", "confusion", {"mostConfused": [], **confusion}).text


def test_only_the_commonest_mistakes_are_listed() -> None:
    mistakes = [a_mistake(f"tag {at}", "oil") for at in range(11)]
    text = show_macro("scores.html", "confusion", {"tags": 2, "mostConfused": mistakes}).text
    assert ("tag 9" in text, "tag 10" in text) == (True, False)


CURVE = {"tag": None, "recall": [0.0, 1.0], "precision": [1.0, 0.5]}
BIN = {"low": 0.0, "high": 0.5, "guesses": 3, "confidence": 0.3, "right": 0.4}


@pytest.mark.parametrize(
    ("curves", "bins", "titles"),
    [
        ([CURVE], [BIN], ["Precision and recall", "Are confidences right?"]),
        ([CURVE], [], ["Precision and recall"]),
        ([], [BIN], ["Are confidences right?"]),
    ],
    ids=["both", "curves alone", "calibration alone"],
)
def test_of_the_curves_are_drawn_those_that_there_are(curves: Any, bins: Any, titles: list[str]) -> None:
    texts = show_macro("scores.html", "curves", curves, bins).texts
    assert [text for text in texts if text in ("Precision and recall", "Are confidences right?")] == titles

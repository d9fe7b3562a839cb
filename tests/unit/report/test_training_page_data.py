"""What a report tells of the data: advice by kind, and tags that are probably wrong."""

from typing import Any

import pytest

from tests.support.pages import Page, show_macro


def a_kind(count: int, listed: int, issue: str = "dark") -> dict[str, Any]:
    """Return a kind of advice with so many entries listed."""
    entries = [{"subject": f"image {at}", "message": "look at it"} for at in range(listed)]
    return {"issue": issue, "count": count, "entries": entries}


def show_advice(*kinds: dict[str, Any]) -> Page:
    """Return the section of these kinds of advice."""
    count = sum(kind["count"] for kind in kinds)
    return show_macro("data.html", "advice", {"count": count, "kinds": kinds}, "What to look at")


def test_without_advice_and_without_suspects_there_is_no_section() -> None:
    assert not show_advice().elements
    assert not show_macro("data.html", "label_errors", [], 0).elements


@pytest.mark.parametrize(
    ("count", "listed", "is_open", "more"),
    [(3, 3, True, False), (4, 4, False, False), (1500, 20, False, True)],
    ids=["few", "some", "more than are listed"],
)
def test_a_kind_of_advice_shows_its_entries(count: int, listed: int, *, is_open: bool, more: bool) -> None:
    page = show_advice(a_kind(count, listed))
    (details,) = [found for name, found in page.elements if name == "details"]
    assert ("open" in details) is is_open
    assert [name for name, _ in page.elements].count("li") == listed + more
    assert ("and 1,480 more, all of them in inspection.json" in page.text) is more


def test_kinds_keep_their_order_and_one_without_a_title_has_its_name() -> None:
    text = show_advice(a_kind(2, 2, "blurry"), a_kind(1, 1, "upsideDown")).text
    assert text.index("Blurry · 2") < text.index("upsideDown · 1")


def a_suspect(number: int, **fields: Any) -> dict[str, Any]:
    """Return a tag that is probably wrong."""
    return {"imageId": number, "given": "tea", "suggested": "oil", "confidence": 0.97, **fields}


def test_suspects_with_pictures_are_shown_and_the_others_listed() -> None:
    picture = {"data": "data:image/jpeg;base64,AA", "width": 60, "height": 40}
    errors = [a_suspect(1, file="a.png", picture=picture), a_suspect(2, file="b.png")]
    page = show_macro("data.html", "label_errors", errors, 2)
    names = [name for name, _ in page.elements]
    assert (names.count("img"), names.count("figure"), names.count("tr")) == (1, 1, 2)
    assert "Looks like oil · 97 % Tagged tea" in page.text


def test_of_many_suspects_the_first_are_listed_and_all_are_counted() -> None:
    page = show_macro("data.html", "label_errors", [a_suspect(at, file="a.png") for at in range(40)], 1500)
    assert "These are 30 of 1,500; the first 40 are in report.json." in page.text
    assert [name for name, _ in page.elements].count("tr") == 31


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"file": "a.png", "subject": "box 3"}, "a.png"), ({"subject": "box 3"}, "box 3"), ({}, "7")],
    ids=["its file", "its subject", "its id"],
)
def test_a_suspect_is_named_by(fields: dict[str, Any], name: str) -> None:
    page = show_macro("data.html", "label_errors", [a_suspect(7, **fields)], 1)
    assert page.texts[page.texts.index("tea") - 1] == name

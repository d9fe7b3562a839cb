"""Markup is made in one place, where every text is escaped."""

import pytest

from darkroom_report.markup import Markup, element, escape, join, join_with, name, shorten_middle
from tests.unit.report.builders import HOSTILE
from tests.unit.report.reading import Page


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_stays_text_wherever_it_stands(text: str) -> None:
    page = Page(element("p", text, element("b", name(text)), title=text, class_=text))
    assert [tag for tag, _ in page.elements] == ["p", "b", "bdi"]
    assert set(page.elements[0][1]) == {"title", "class"}
    assert not page.open


def test_markup_is_not_escaped_twice_and_what_is_built_from_it_by_hand_is_text_again() -> None:
    inner = element("b", "tea & oil")
    assert join(inner) == "<b>tea &amp; oil</b>"
    assert join(f"{inner}!") == "&lt;b&gt;tea &amp;amp; oil&lt;/b&gt;!"
    assert not isinstance(inner + "<i>", Markup)


def test_what_is_nothing_is_left_out() -> None:
    assert element("p", None, "", Markup(), id=None) == "<p></p>"
    assert join_with(", ", ["a", "b"]) == "a, b"
    assert join_with(", ", []) == ""


def test_numbers_in_attributes_are_short() -> None:
    assert element("rect", x=1.23456, y=2.0, width=3, stroke_width=0.5) == (
        '<rect x="1.23" y="2" width="3" stroke-width="0.5"></rect>'
    )


def test_a_name_cut_in_its_middle_keeps_both_ends() -> None:
    assert shorten_middle("Olive oil extra virgin 12", 18) == "Olive oil…irgin 12"
    assert len(shorten_middle("x" * 100, 18)) == 18
    assert shorten_middle("tea", 18) == "tea"


def test_a_long_name_is_cut_before_it_is_escaped() -> None:
    assert name("&" * 100, 5) == "<bdi>&amp;&amp;&amp;&amp;…</bdi>"
    assert escape("&#10;") == "&amp;#10;"

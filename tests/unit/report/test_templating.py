"""Templates escape every text, and forget nothing silently."""

import pathlib

import jinja2
import pytest

from darkroom_report.templating import build_environment, render
from tests.support.pages import Page, show_macro
from tests.support.report_builders import HOSTILE


def write_template(folder: pathlib.Path, text: str) -> jinja2.Environment:
    """Return an environment with one more template, `own.html`."""
    (folder / "own.html").write_text(text)
    return build_environment(folder)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_stays_text_wherever_it_stands(text: str, tmp_path: pathlib.Path) -> None:
    own = """{% import "macros.html" as m -%}
        <p title="{{ text }}" class="{{ text }}">{{ text }}<b>{{ m.name(text) }}</b></p>"""
    page = Page(render(write_template(tmp_path, own), "own.html", text=text))
    assert [tag for tag, _ in page.elements] == ["p", "b", "bdi"]
    assert set(page.elements[0][1]) == {"title", "class"}
    assert not page.open


def test_what_a_template_is_not_given_is_an_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(jinja2.UndefinedError, match="shelf"):
        render(write_template(tmp_path, "{{ shelf }}"), "own.html")


def test_characters_that_cannot_be_shown_are_marked_wherever_they_come_from(tmp_path: pathlib.Path) -> None:
    environment = write_template(tmp_path, "{{ names|join(', ') }}")
    names = ["a\u202eb", "c\x00", "\ud800", "d\n\te"]
    assert render(environment, "own.html", names=names) == "a\ufffdb, c\ufffd, \ufffd, d\n\te"


def test_a_name_is_cut_before_it_is_escaped() -> None:
    assert show_macro("macros.html", "name", "&" * 100, 5).text == "&&&&…"


TONES = {
    "Succeeded": "badge good",
    "Invalid": "badge bad",
    "Training": "badge busy",
    "Queued": "badge",
    "Asleep": "badge",
}


@pytest.mark.parametrize(("word", "css"), TONES.items())
def test_a_phase_is_a_word_with_a_mark(word: str, css: str) -> None:
    page = show_macro("macros.html", "phase", word)
    assert page.text == word
    assert (page.elements[0][1]["class"] or "").split() == css.split()


@pytest.mark.parametrize(
    ("share", "widths"), [(0.432, ["43.2%"]), (1.7, ["100.0%"]), (-1, ["0.0%"]), (None, [])], ids=str
)
def test_a_meter_is_filled_to_its_share(share: float | None, widths: list[str]) -> None:
    page = show_macro("macros.html", "meter", share)
    assert [found["width"] for name, found in page.elements if name == "rect"] == widths


def test_a_budget_says_how_much_of_it_is_used() -> None:
    assert show_macro("macros.html", "budget", 30.0, 60.0).text == "30 s of 60 s 50 % of the budget"


def test_a_fact_that_is_nothing_or_blank_is_left_out() -> None:
    facts = {"Seed": "0", "Steps": None, "Model": "", "ONNX": " \n"}
    assert show_macro("macros.html", "facts", facts).texts == ["Seed", "0"]


def test_what_moves_sideways_can_be_moved_by_the_keyboard() -> None:
    text = '{% import "macros.html" as m %}{% call m.scroll("Tags") %}<p>tea</p>{% endcall %}'
    (region, *_) = Page(build_environment().from_string(text).render()).elements
    assert region[1] == {"class": "scroll", "role": "region", "aria-label": "Tags", "tabindex": "0"}

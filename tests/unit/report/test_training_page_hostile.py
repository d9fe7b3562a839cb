"""The page of a report: nothing from strangers that a browser would run, and nothing that it loads."""

import dataclasses
import pathlib
import re

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.data.records.findings import Advice, Issue
from tests.support.report_builders import HOSTILE, a_training
from tests.support.written_reports import write

LOADING = frozenset({"src", "href", "xlink:href", "action", "srcset", "data", "poster", "background", "formaction"})
RUNNING = frozenset({"script", "iframe", "object", "embed", "link", "base", "form", "foreignobject", "animate", "set"})


@pytest.mark.parametrize("task", [Task.CLASSIFIER, Task.DETECTOR], ids=lambda task: task.value)
def test_hostile_names_are_shown_and_never_become_markup(tmp_path: pathlib.Path, task: Task) -> None:
    advice = [Advice(Issue.DARK, name, name, (1,), 0.1) for name in HOSTILE]
    page, _ = write(tmp_path, dataclasses.replace(a_training(tmp_path, task), advice=advice))
    assert "<script>alert(1)</script>" in page.text
    assert not RUNNING & {name for name, _ in page.elements}
    assert not page.open
    assert not page.strays
    for _, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on")]
        for key in LOADING & attributes.keys():
            assert (attributes[key] or "").startswith("data:image/jpeg;base64,")


def test_hostile_characters_that_turn_or_break_the_text_are_gone(tmp_path: pathlib.Path) -> None:
    write(tmp_path, a_training(tmp_path))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search("[\x00-\x08\x1b\u202a-\u202e\u2066-\u2069]", text)


def test_the_page_allows_itself_to_load_and_run_nothing(tmp_path: pathlib.Path) -> None:
    page, _ = write(tmp_path, a_training(tmp_path))
    policies = [found["content"] for _, found in page.elements if found.get("http-equiv") == "Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in (policies[0] or "").split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == "data:"
    assert set(directives) == {"default-src", "style-src", "img-src", "base-uri", "form-action"}


def test_the_style_sheet_and_styles_refer_to_nothing_outside(tmp_path: pathlib.Path) -> None:
    write(tmp_path, a_training(tmp_path))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    sheet = text[text.index("<style>") : text.index("</style>")]
    styles = sheet + " ".join(re.findall(r'style="([^"]*)"', text))
    assert not re.search(r"url\(|@import|https?:|expression", styles)

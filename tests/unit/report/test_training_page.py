"""The order of a report's sections, and that those without content are left out."""

from typing import Any

from darkroom_report import training_page
from tests.support.pages import Page

HEADLINE: dict[str, Any] = {
    "task": "classifier",
    "score": 0.9,
    "scoreName": "accuracyTop1",
    "interval": None,
    "imagesMeasured": 20,
    "measuredOn": "holdOut",
    "dataset": None,
    "stopReason": None,
    "stopMeaning": "",
    "chargedSeconds": None,
    "budgetSeconds": None,
    "device": None,
    "devices": None,
    "model": "network resnet18",
    "light": None,
    "lightShare": 0.0,
    "scores": {},
}
BARE: dict[str, Any] = {
    "name": "shelf <1>",
    "kind": "evaluation",
    "tagCount": 2,
    "headline": HEADLINE,
    "nextSteps": [],
    "mistakes": {"images": 0, "wrong": 0, "shown": []},
    "tags": [],
    "confusion": None,
    "curves": [],
    "calibration": [],
    "history": [],
    "trials": [],
    "labelErrors": [],
    "labelErrorCount": 0,
    "advice": {"count": 0, "kinds": []},
    "making": {"imageSizePx": 224, "threshold": 0.0, "version": "abc", "darkroomVersion": "1.0"},
}
TAG = {"tag": "tea", "trained": 9, "truths": 9, "precision": 1, "recall": 1, "f1": 1, "averagePrecision": 1}
FULL: dict[str, Any] = {
    **BARE,
    "mistakes": {"images": 20, "wrong": 0, "shown": []},
    "tags": [TAG],
    "confusion": {"tags": 2, "mostConfused": []},
    "curves": [{"tag": None, "recall": [0.0, 1.0], "precision": [1.0, 0.5]}],
    "history": [{"stage": "final", "step": 1, "loss": 0.5, "chargedSeconds": 1.0}],
    "labelErrors": [{"file": "a.png", "given": "tea", "suggested": "oil", "confidence": 0.9}],
    "labelErrorCount": 1,
    "advice": {"count": 1, "kinds": [{"issue": "dark", "count": 1, "entries": []}]},
}


def list_titles(report: dict[str, Any]) -> list[str]:
    """Return the headings of the sections."""
    page = training_page.render_html(report)
    return [part.split("</h2>")[0] for part in page.split("<h2>")[1:]]


def test_sections_come_in_the_order_of_what_a_reader_asks() -> None:
    assert list_titles(FULL) == [
        "What to do next",
        "Worst mistakes",
        "Tags",
        "What is taken for what",
        "Precision and confidence",
        "How it was found",
        "Tags that are probably wrong",
        "What to look at in the data",
        "How it was made",
    ]


def test_a_section_without_content_is_left_out() -> None:
    assert list_titles(BARE) == ["What to do next", "How it was made"]


def test_the_page_is_titled_by_the_name_of_what_was_measured() -> None:
    page = Page(training_page.render_html(BARE))
    assert "shelf <1> · Darkroom report" in page.texts
    assert page.text.endswith("The same as JSON: report.json.")

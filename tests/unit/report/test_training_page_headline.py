"""The top of a report says how good, on what, at what cost, and what is unknown is left out."""

from typing import Any

import pytest

from tests.support.pages import show_macro

HEADLINE: dict[str, Any] = {
    "task": "detector",
    "score": 0.87654,
    "scoreName": "meanAveragePrecision50",
    "interval": {"low": 0.8, "high": 0.9},
    "imagesMeasured": 1200,
    "measuredOn": "holdOut",
    "dataset": None,
    "stopReason": "Converged",
    "stopMeaning": "It improved no more.",
    "chargedSeconds": 30.0,
    "budgetSeconds": 60.0,
    "device": "H200",
    "devices": 1,
    "model": "network resnet18 from random weights",
    "light": None,
    "lightShare": 0.0,
    "scores": {"meanAveragePrecision50": 0.87654, "meanAveragePrecision75": 0.5},
}


def show(**changes: Any) -> str:
    """Return what the top says of a headline."""
    return show_macro("headline.html", "hero", {**HEADLINE, **changes}).text.replace("\u00a0", " ")


SAID: dict[str, tuple[dict[str, Any], str]] = {
    "its score and interval": ({}, "mAP@50 0.877 95 % interval 0.800 to 0.900"),
    "no interval": ({"interval": None}, "too many images and tags for an interval"),
    "a score that no title is known of": ({"scoreName": "shelfScore", "scores": {}}, "shelfScore 0.877"),
    "no score": ({"score": None}, "Score not measured There were too few images to hold any out"),
    "held out images": ({}, "Measured on 1,200 images held out of the training data"),
    "images of another dataset": (
        {"measuredOn": "evaluationDataset", "dataset": "june"},
        "1,200 images of the evaluation data june",
    ),
    "why it stopped": ({}, "Converged It improved no more."),
    "a reason that no title is known of": ({"stopReason": "Bored"}, "Bored It improved no more."),
    "its compute": ({}, "30 s of 60 s 50 % of the budget"),
    "one device": ({}, "network resnet18 from random weights trained on H200"),
    "several devices": ({"devices": 4}, "trained on 4 × H200"),
    "a frozen-feature classifier alone": (
        {"model": "classifier on frozen features of a", "light": "linear", "lightShare": 1.0},
        "Model classifier on frozen features of a frozen-feature classifier: linear; trained on H200",
    ),
    "an ensemble": (
        {"model": "network b, together with a classifier", "light": "linear", "lightShare": 0.25},
        "network b, together with a classifier frozen-feature classifier: linear; ensemble weight 25 %",
    ),
    "its other scores": ({}, "mAP@75 0.500"),
    "a warning": ({"note": "measured late"}, "Measured late."),
}


@pytest.mark.parametrize(("changes", "words"), SAID.values(), ids=SAID)
def test_the_top_says(changes: dict[str, Any], words: str) -> None:
    assert words.replace(" ", "") in show(**changes).replace(" ", "")


UNSAID: dict[str, tuple[dict[str, Any], str]] = {
    "on what where nothing was measured": ({"imagesMeasured": 0}, "Measured on"),
    "why an evaluation stopped": ({"stopReason": None}, "Why it stopped"),
    "the compute of an evaluation": ({"budgetSeconds": None}, "Compute"),
    "an unknown device": ({"device": None}, "trained on"),
    "a classifier without weight": ({"light": "linear"}, "frozen-feature"),
}


@pytest.mark.parametrize(("changes", "words"), UNSAID.values(), ids=UNSAID)
def test_the_top_does_not_say(changes: dict[str, Any], words: str) -> None:
    assert words not in show(**changes)


def test_the_main_score_is_not_told_among_the_others_again() -> None:
    assert show().count("mAP@50") == 1


def test_the_header_names_what_was_measured() -> None:
    report = {"kind": "evaluation", "name": "<shelf>", "tagCount": 1, "headline": HEADLINE}
    assert show_macro("headline.html", "header", report).text == "Darkroom · evaluation <shelf> Detector of 1 tag"


@pytest.mark.parametrize(
    ("score", "interval", "center", "ends"),
    [
        (0.5, {"low": 0.25, "high": 0.75}, 150.0, (77.0, 223.0)),
        (0.5, {"low": 0.5, "high": 0.5}, 150.0, (150.0, 151.0)),
        (1.5, None, 296.0, None),
        (-0.5, None, 4.0, None),
    ],
    ids=["an interval", "one of no width is seen", "a score above all", "a score below all"],
)
def test_a_score_lies_between_the_ends_of_its_line(
    score: float, interval: Any, center: float, ends: tuple[float, float] | None
) -> None:
    page = show_macro("macros.html", "scale", score, interval)
    (circle,) = [found for name, found in page.elements if name == "circle"]
    spans = [found for name, found in page.elements if found.get("class") == "interval"]
    assert float(circle["cx"] or "") == center
    assert [(float(found["x1"] or ""), float(found["x2"] or "")) for found in spans] == ([ends] if ends else [])


def test_the_next_steps_are_listed_in_their_order_and_none_is_said() -> None:
    page = show_macro("headline.html", "steps", [{"text": "Add images."}, {"text": "Wait."}])
    assert page.texts[-2:] == ["Add images.", "Wait."]
    assert "Nothing stands out" in show_macro("headline.html", "steps", []).text

"""How a model came about: its trials, the best first, and all that repeats it."""

from typing import Any

import pytest

from darkroom_report.training_page import rank_trials
from tests.support.pages import Page, show_macro


def a_trial(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a network's trial."""
    trial = {
        "number": number,
        "kind": "network",
        "name": f"net {number}",
        "score": 0.5,
        "standard_error": None,
        "started_at_seconds": 1.0,
        "cost_seconds": 42.0,
        "passes": 1200,
        "rung": 2,
        "end": "kept",
        "why": "it was good",
    }
    return {**trial, **changes}


def show(*trials: dict[str, Any], history: Any = ()) -> Page:
    """Return the section of these trials."""
    return show_macro("search.html", "section", history, trials, rank_trials(trials), 60.0)


def list_names(page: Page) -> list[str]:
    """Return the names in the table, in their order."""
    return [text for text in page.texts[page.texts.index("End") :] if text.startswith("net ")]


ORDERS = {
    "the best score first": ([a_trial(0), a_trial(1, score=0.9)], ["net 1", "net 0"]),
    "the winner before a better score": ([a_trial(0, score=0.9), a_trial(1, end="won")], ["net 1", "net 0"]),
    "no score last": ([a_trial(0, score=None), a_trial(1, score=0.0)], ["net 1", "net 0"]),
    "at most twelve": ([a_trial(at) for at in range(14)], [f"net {at}" for at in range(12)]),
}


@pytest.mark.parametrize(("trials", "names"), ORDERS.values(), ids=ORDERS)
def test_trials_are_listed(trials: list[dict[str, Any]], names: list[str]) -> None:
    page = show(*trials)
    assert list_names(page) == names
    assert ("The best 12; all 14 trials are in report.json." in page.text) is (len(trials) > 12)


ROWS = {
    "a network": (a_trial(), ["0.500", "42 s", "1,200", "2", "kept", "it was good"]),
    "a score with its error": (a_trial(standard_error=0.01234), ["0.500 ± 0.012", "42 s", "1,200", "2", "kept"]),
    "a classifier, which has no rounds": (a_trial(kind="head", passes=0), ["0.500", "42 s", "–", "–", "kept"]),
    "a trial that was not begun": (a_trial(score=None, end="tooCostly"), ["–", "42 s", "1,200", "2", "too costly"]),
    "an end that no title is known of": (a_trial(end="lost"), ["0.500", "42 s", "1,200", "2", "lost"]),
}


@pytest.mark.parametrize(("trial", "cells"), ROWS.values(), ids=ROWS)
def test_a_row_shows(trial: dict[str, Any], cells: list[str]) -> None:
    texts = show(trial).texts
    start = texts.index("net 0", texts.index("End")) + 2
    assert texts[start : start + len(cells)] == cells


@pytest.mark.parametrize(
    ("trials", "history", "titles"),
    [
        ([a_trial()], [], ["Trials over the budget", "Networks by round"]),
        ([a_trial(rung=0)], [], ["Trials over the budget"]),
        ([], [{"stage": "final", "step": 1, "loss": 0.5, "chargedSeconds": 1.0}], ["Learning"]),
        ([], [], []),
    ],
    ids=["rounds", "no rounds", "no trials", "nothing"],
)
def test_charts_are_drawn_of_what_there_is(trials: Any, history: Any, titles: list[str]) -> None:
    known = ("Trials over the budget", "Networks by round", "Learning")
    assert [text for text in show(*trials, history=history).texts if text in known] == titles


MAKING: dict[str, Any] = {"imageSizePx": 224, "threshold": 0.0, "version": "abc", "darkroomVersion": "1.0"}
FACTS: dict[str, tuple[dict[str, Any], str]] = {
    "the size of its input": ({}, "Input224 × 224 pixels"),
    "its images by use": ({"images": {"train": 1200, "heldOut": 20, "final": 0}}, "1,200 to learn from, 20 held out"),
    "a seed of 0": ({"seed": 0}, "Seed0"),
    "no steps": ({"steps": 0}, "Steps0"),
    "the threshold of a detector": ({"threshold": 0.4}, "Confidence shown from0.40"),
    "what its pods held": ({"meter": {"allocatedSeconds": 200.0, "attempt": 2}}, "Allocated3 min 20 s"),
    "its attempt": ({"meter": {"attempt": 2}}, "Attempt2"),
    "the model that was measured": ({"model": {"uri": "s3://models/shelf"}}, "Models3://models/shelf"),
    "an ONNX file that was left out": ({"onnx": {"problem": "no room"}}, "ONNXleft outno room"),
    "one that says something else": ({"onnx": {"agrees": False}}, "ONNXdoes not agree with torch"),
    "one that says the same": (
        {"onnx": {"agrees": True, "maxLogitDifference": 2e-6, "maxBoxDifference": 3e-5, "tolerance": 1e-4}},
        "agrees with torchlargest difference 3.0e-05, at most 1e-04 allowed",
    ),
    "the recipe in words": (
        {"recipe": {"peakLearningRate": 0.00412345, "batch_size": 32, "mixup": True}},
        "SettingValue peak learning rate0.00412 batch size32 mixupyes",
    ),
}


@pytest.mark.parametrize(("changes", "words"), FACTS.values(), ids=FACTS)
def test_how_it_was_made_tells(changes: dict[str, Any], words: str) -> None:
    assert words in show_macro("search.html", "making", {**MAKING, **changes}).text


def test_what_is_not_known_of_the_making_is_left_out() -> None:
    text = show_macro("search.html", "making", MAKING).text
    assert not [word for word in ("Seed", "Steps", "Confidence", "Allocated", "ONNX", "recipe", "None") if word in text]

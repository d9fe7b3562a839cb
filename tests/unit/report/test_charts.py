"""Every chart with nothing, one point and many; the axes and numbers on them."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from darkroom_report import charts, matrix, numbers, plot
from tests.support.pages import Page
from tests.support.report_builders import HOSTILE, list_trials


def a_history(count: int) -> list[dict[str, Any]]:
    """Return points of a loss that falls."""
    return [{"stage": "holdOut", "step": at, "loss": 5 / (at + 1), "chargedSeconds": 2.0 * at} for at in range(count)]


def some_curves(count: int) -> list[dict[str, Any]]:
    """Return curves of which the first is of all tags, and the last has one point."""
    names = [None, *HOSTILE]
    points = [[at / 10 for at in range(11)]] * (count - 1) + [[0.5]]
    return [{"tag": names[at % len(names)], "recall": points[at], "precision": points[at][::-1]} for at in range(count)]


def some_bins(count: int) -> list[dict[str, Any]]:
    """Return bins of confidence."""
    return [
        {"low": at / 15, "high": (at + 1) / 15, "guesses": at + 1, "confidence": (at + 0.5) / 15, "right": at / 15}
        for at in range(count)
    ]


def draw_matrix(count: int) -> str:
    """Return the matrix of so many tags, the last being no tag where there are several."""
    labels = [HOSTILE[at % len(HOSTILE)] if at < count - 1 or count == 1 else None for at in range(count)]
    return matrix.draw_matrix(labels, [[3 * row * column for column in range(count)] for row in range(count)])


CHARTS: dict[str, Callable[[int], Any]] = {
    "learning": lambda count: charts.draw_learning(a_history(count)),
    "trials": lambda count: charts.draw_trials(list_trials(count), 60.0),
    "trials without a budget": lambda count: charts.draw_trials(list_trials(count), None),
    "rounds": lambda count: charts.draw_rounds(list_trials(count)),
    "precision and recall": lambda count: charts.draw_precision_recall(some_curves(count)),
    "calibration": lambda count: charts.draw_calibration(some_bins(min(count, 15))),
    "histogram": lambda count: charts.draw_histogram(
        {"edges": list(range(count + 1)), "counts": list(range(count))}, "pixels"
    ),
    "matrix": draw_matrix,
}


@pytest.mark.parametrize("count", [0, 1, 2, 30, 700])
@pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)
def test_every_chart_is_sound_svg_for_any_number_of_points(draw: Callable[[int], Any], count: int) -> None:
    if draw is draw_matrix and count > 30:
        count = 26
    page = Page(draw(count))
    assert not page.open
    assert not page.strays
    assert [name for name, _ in page.elements].count("script") == 0
    written = " ".join(value or "" for _, attributes in page.elements for value in attributes.values())
    assert not re.search(r"\b(nan|inf)\b", written)


def test_a_lonely_point_is_seen_as_a_dot() -> None:
    page = Page(charts.draw_learning(a_history(1)))
    assert ("circle", "dot s1") in [(name, attributes.get("class")) for name, attributes in page.elements]


def test_every_scored_trial_has_a_mark_at_its_score_and_the_winner_stands_out() -> None:
    trials = list_trials(20)
    page = Page(charts.draw_trials(trials, 60.0))
    chart_end = [name for name, _ in page.elements].index("ul")
    marks = [
        attributes["class"] or "" for name, attributes in page.elements[:chart_end] if name in ("circle", "polygon")
    ]
    assert len(marks) == len(trials)
    assert sum("won" in css.split() for css in marks) == sum(trial["end"] == "won" for trial in trials)
    assert sum("failed" in css.split() for css in marks) == sum(trial["score"] is None for trial in trials)


def test_a_winner_without_a_score_is_no_failure() -> None:
    trial = {**list_trials(1)[0], "score": None, "end": "won"}
    page = Page(charts.draw_trials([trial], 60.0))
    marks = [(found.get("class") or "").split() for name, found in page.elements if name == "circle"]
    assert marks
    assert not any("failed" in css for css in marks)


def test_the_best_score_so_far_never_falls() -> None:
    trials = list_trials(40)
    scores = [0.5, 0.9, 0.3, 0.8, 0.95, 0.1, 0.7, 0.6] * 5
    page = Page(charts.draw_trials([{**one, "score": score} for one, score in zip(trials, scores, strict=True)], 60.0))
    line = next(
        found for name, found in page.elements if name == "polyline" and "best" in (found["class"] or "").split()
    )
    heights = [float(point.split(",")[1]) for point in (line["points"] or "").split()]
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 60), (0.2, 0.9), (-3, 5), (0, 1e-7), (0, 3e9), (5, 5), (0, math.inf)]
)
def test_ticks_are_few_round_numbers_within_the_axis(low: float, high: float) -> None:
    ticks = plot.find_ticks(low, high)
    assert 1 <= len(ticks) <= plot.MAX_TICKS
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)


def test_an_axis_holds_all_its_values_and_begins_and_ends_at_ticks() -> None:
    axis = plot.span_axis([3.2, 17.9, math.nan], "loss", "{:g}".format)
    assert (axis.low, axis.high) == (0.0, 20.0)
    assert (axis.ticks[0], axis.ticks[-1]) == (axis.low, axis.high)
    assert axis.scale(10.0) == 0.5


NUMBERS = {
    "no score": (numbers.show_score(None), "–"),
    "a score has three digits": (numbers.show_score(0.87654), "0.877"),
    "nearly all is not all": (numbers.show_share(0.9991), "> 99 %"),
    "nearly nothing is not nothing": (numbers.show_share(0.001), "< 1 %"),
    "all": (numbers.show_share(1.0), "100 %"),
    "a share": (numbers.show_share(0.434), "43 %"),
    "very short": (numbers.show_seconds(0.041), "0.04 s"),
    "short": (numbers.show_seconds(8.26), "8.3 s"),
    "seconds": (numbers.show_seconds(42.4), "42 s"),
    "minutes": (numbers.show_seconds(200), "3 min 20 s"),
    "hours": (numbers.show_seconds(7500), "2 h 5 min"),
    "thousands": (numbers.show_tick_count(20_000), "20k"),
    "millions": (numbers.show_tick_count(2_500_000), "2.5M"),
    "minutes on an axis": (numbers.show_tick_seconds(1200), "20 min"),
    "a wide picture": (numbers.show_tick_ratio(1), "2:1"),
    "a tall picture": (numbers.show_tick_ratio(-2), "1:4"),
    "one": (numbers.count(1, "image"), "1 image"),
    "many": (numbers.count(1200, "image"), "1,200 images"),
}


@pytest.mark.parametrize(("shown", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_written_for_people(shown: str, expected: str) -> None:
    assert shown.replace("\u00a0", " ") == expected

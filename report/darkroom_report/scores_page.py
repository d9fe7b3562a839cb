"""The sections of a report that tell scores apart: by tag, by confusion, by confidence.

Owns their order and how many tags are shown. Every number is in report.json. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_report import charts, numbers
from darkroom_report.markup import Content, Markup, element, join, name
from darkroom_report.matrix import draw_matrix
from darkroom_report.page import build_chart, build_meter, build_pair, build_section, build_table

MAX_TAG_ROWS: Final = 100
MAX_CONFUSIONS: Final = 10
HEAD: Final = ("Tag", "Trained on", "Measured", "Precision", "Recall", "F1", "", "AP")
NUMERIC: Final = (1, 2, 3, 4, 5, 7)
WIDE_ONLY: Final = (3, 6)


def render_tags(report: Mapping[str, Any]) -> Markup | None:
    """Return a row for each tag, most troubled first."""
    rows, total = report["tags"], report["tagCount"]
    if not rows:
        return None
    what = "boxes" if report["headline"]["scoreName"].startswith("mean") else "images"
    intro = f"The most troubled first. Trained on: images. Measured: {what}."
    if total > MAX_TAG_ROWS:
        intro += f" These are {MAX_TAG_ROWS} of {total:,}; all of them are in report.json."
    table = build_table(HEAD, [_render_row(row) for row in rows[:MAX_TAG_ROWS]], NUMERIC, WIDE_ONLY)
    return build_section("Tags", table, intro=intro)


def _render_row(row: Mapping[str, Any]) -> list[Content]:
    shares = [numbers.show_score(row[key]) for key in ("precision", "recall", "f1")]
    counts = [numbers.show_count(row[key]) for key in ("trained", "truths")]
    return [name(row["tag"], 60), *counts, *shares, build_meter(row["f1"]), numbers.show_score(row["averagePrecision"])]


def render_confusion(confusion: Mapping[str, Any] | None) -> Markup | None:
    """Return the matrix, and the commonest mistakes as a list beside it."""
    if not confusion or not confusion["tags"]:
        return None
    mistakes = confusion["mostConfused"]
    if "counts" in confusion:
        shown = len([label for label in confusion["labels"] if label is not None])
        note = "Rows are the truth, columns the answer; a stronger colour is a larger share of its row."
        if shown < confusion["tags"]:
            note += f" These are the {shown} most confused of {confusion['tags']:,} tags."
        matrix = join(
            element("div", draw_matrix(confusion["labels"], confusion["counts"]), class_="scroll"),
            element("p", note, class_="note"),
        )
    else:
        matrix = element("p", f"A matrix of {confusion['tags']:,} tags would not be readable.", class_="note")
    return build_section("What is taken for what", build_pair(build_chart("Confusion", matrix), _render_list(mistakes)))


def _render_list(mistakes: Sequence[Mapping[str, Any]]) -> Markup:
    if not mistakes:
        return build_chart("Commonest mistakes", element("p", "None.", class_="note"))
    rows: list[list[Content]] = [
        [
            _name_tag(mistake["truth"], "nothing there"),
            _name_tag(mistake["predicted"], "not found"),
            f"{mistake['count']:,}",
        ]
        for mistake in mistakes[:MAX_CONFUSIONS]
    ]
    return build_chart("Commonest mistakes", build_table(("Truth", "Answer", "Times"), rows, (2,)))


def _name_tag(tag: str | None, without: str) -> Markup:
    return element("i", without) if tag is None else name(tag, 40)


def render_curves(report: Mapping[str, Any]) -> Markup | None:
    """Return precision over recall, and calibration."""
    curves, bins = report["curves"], report["calibration"]
    parts = [
        build_chart("Precision and recall", charts.draw_precision_recall(curves)) if curves else None,
        build_chart("Are confidences right?", charts.draw_calibration(bins)) if bins else None,
    ]
    pair = build_pair(*parts)
    return build_section("Precision and confidence", pair) if pair else None

"""`inspection.html`: what is in a Dataset, what stops it from being used, and what to look at.

Owns the order of the sections. Pure: what `build_inspection_report` returned in, the file's text out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_report import charts, numbers
from darkroom_report.data_page import ISSUE_TITLES, render_advice, render_entry
from darkroom_report.markup import Content, Markup, element, join_with, name, shorten
from darkroom_report.page import (
    build_chart,
    build_facts,
    build_meter,
    build_page,
    build_pair,
    build_section,
    with_note,
)
from darkroom_report.pictures import render_frame

KIND_NAMES: Final = {
    "imageClassification": "one tag an image",
    "imageMultilabelClassification": "any number of tags an image",
    "imageObjectDetection": "boxes",
}
MAX_TAG_BARS: Final = 60


def render_inspection(report: Mapping[str, Any]) -> str:
    """Return the page."""
    return build_page(
        f"{report['name']} · Darkroom inspection",
        _render_header(report),
        _render_hero(report),
        _render_problems(report),
        render_advice(report["advice"], "Advice"),
        _render_pictures("Images to look at", report["suspects"]),
        _render_tags(report),
        _render_sizes(report["sizes"]),
        _render_pictures("Some of the images", report["samples"]),
        element("footer", "Every problem, warning and count is in inspection.json."),
    )


def _render_header(report: Mapping[str, Any]) -> Markup:
    return element(
        "header",
        element("p", "Darkroom · dataset", class_="eyebrow"),
        element("h1", name(report["name"], 120)),
        element(
            "p", f"Images with {KIND_NAMES.get(report['annotationKind'], report['annotationKind'])}", class_="lead"
        ),
    )


def _render_hero(report: Mapping[str, Any]) -> Markup:
    problems = report["problemCount"]
    verdict = "Ready to train on" if not problems else numbers.count(problems, "problem")
    state = element(
        "div",
        element("div", "Inspection", class_="soft"),
        element("div", verdict, class_="score verdict " + ("isbad" if problems else "isgood")),
        element("p", _describe_verdict(report), class_="note"),
    )
    sizes = report["sizes"]
    facts: dict[str, Content] = {
        "Images": numbers.show_count(report["images"]),
        "Annotations": numbers.show_count(report["annotations"]),
        "Tags": numbers.show_count(report["tagCount"]),
        "Typical size": _describe_size(sizes),
        "Boxes an image": _describe_boxes(sizes.get("boxes")) if sizes else None,
        "Revision": element("code", shorten(report["revision"], 26)) if report["revision"] else None,
    }
    return element("div", state, build_facts(facts), class_="hero")


def _describe_verdict(report: Mapping[str, Any]) -> str:
    advice = report["advice"]["count"]
    found = f"{numbers.count(advice, 'piece')} of advice below" if advice else "no advice"
    return (
        f"Nothing stops a training; {found}."
        if not report["problemCount"]
        else f"Nothing can train on it until they are fixed; {found}."
    )


def _describe_size(sizes: Mapping[str, Any]) -> Content:
    if not sizes:
        return None
    small, large = (" × ".join(f"{side:,.0f}" for side in sizes[key]) for key in ("smallest", "largest"))
    middle = " × ".join(f"{side:,.0f}" for side in sizes["median"])
    return with_note(f"{middle} pixels", f"{small} to {large}" if small != large else "all of them")


def _describe_boxes(boxes: Mapping[str, Any] | None) -> Content:
    if not boxes:
        return None
    without = f"{boxes['without']:,} images have none" if boxes["without"] else "every image has one"
    return with_note(f"{boxes['mean']:g} on average, at most {boxes['most']:,}", without)


def _render_problems(report: Mapping[str, Any]) -> Markup | None:
    total, problems = report["problemCount"], report["problems"]
    if not total:
        return None
    more = (
        element("li", f"All {total:,} problems, one by one, are in inspection.json.", class_="soft")
        if total > len(problems)
        else None
    )
    listed = element("ul", *(render_entry(problem) for problem in problems), more, class_="plain")
    return build_section("Problems", listed, intro="Each of these stops everything that uses this dataset.")


def _render_tags(report: Mapping[str, Any]) -> Markup | None:
    tags = sorted(report["tags"], key=lambda tag: -tag["images"])
    if not tags:
        return None
    most = max(tag["images"] for tag in tags) or 1
    shown = _choose_tags(tags)
    rows = [_render_tag(tag, most) for tag in shown]
    cut = (
        f" The {len(shown) // 2} with most and the {len(shown) // 2} with fewest of {len(tags):,} tags."
        if len(shown) < len(tags)
        else ""
    )
    return build_section("Tags", element("div", *rows, class_="rows"), intro=f"Images that carry each tag.{cut}")


def _choose_tags(tags: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return both ends where there are very many."""
    half = MAX_TAG_BARS // 2
    return list(tags) if len(tags) <= MAX_TAG_BARS else [*tags[:half], *tags[-half:]]


def _render_tag(tag: Mapping[str, Any], most: int) -> Markup:
    number = element("span", numbers.show_count(tag["images"]), class_="n")
    return element("div", name(tag["name"], 40), build_meter(tag["images"] / most), number)


def _render_sizes(sizes: Mapping[str, Any]) -> Markup | None:
    if not sizes:
        return None
    boxes = sizes.get("boxes")
    parts = [
        _draw("Longer side", sizes["sides"], "pixels of the longer side", "{:g}".format),
        _draw("Aspect", sizes["aspects"], "width to height", numbers.show_tick_ratio),
        _draw("Boxes an image", boxes["numbers"], "boxes", "{:g}".format) if boxes else None,
        _draw("Size of the boxes", boxes["sides"], "side of a box, as a share of the image's", "{:g}".format, "boxes")
        if boxes
        else None,
    ]
    return build_section("Shapes and sizes", build_pair(*parts))


def _draw(title: str, bins: Mapping[str, Any], axis: str, show: Any, what: str = "images") -> Markup:
    return build_chart(title, charts.draw_histogram(bins["edges"], bins["counts"], axis, show, what))


def _render_pictures(title: str, shown: Sequence[Mapping[str, Any]]) -> Markup | None:
    if not any(entry["picture"] for entry in shown):
        return None
    has_boxes = any(entry["boxes"] for entry in shown)
    figures = [_render_figure(entry) for entry in shown if entry["picture"]]
    return build_section(title, element("div", *figures, class_="shots large" if has_boxes else "shots"))


def _render_figure(entry: Mapping[str, Any]) -> Markup:
    issue = ISSUE_TITLES.get(entry["issue"], entry["issue"])
    tags = join_with(", ", [name(tag, 30) for tag in entry["tags"]])
    caption = element(
        "figcaption",
        element("div", element("b", issue)) if issue else None,
        element("div", tags or element("i", "no tag")),
        element("div", name(entry["file"], 48), class_="soft small"),
    )
    return element("figure", render_frame(entry["picture"], entry["boxes"]), caption)

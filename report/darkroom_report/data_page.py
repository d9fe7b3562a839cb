"""The sections of a report that tell of the data: what to look at, and tags that are probably wrong.

Owns the titles of the kinds of advice. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_report import numbers
from darkroom_report.markup import Content, Markup, element, join, name
from darkroom_report.page import build_section, build_table
from darkroom_report.pictures import render_frame

ISSUE_TITLES: Final = {
    "exactDuplicate": "The same picture twice",
    "nearDuplicate": "Pictures that look the same",
    "clashingLabels": "Equal pictures with different tags",
    "sharedWithEvaluation": "In the training and the evaluation data",
    "dark": "Very dark",
    "light": "Nearly white",
    "blank": "Blank",
    "blurry": "Blurry",
    "oddAspect": "Very long and narrow",
    "oddSize": "Of an unusual size",
    "tinyBox": "Tiny boxes",
    "rareTag": "Tags with few images",
    "boxForm": "Boxes not taken as written",
    "crowd": "Boxes around many things",
    "names": "Names to look at",
}
MAX_SUBJECT: Final = 120
MAX_MESSAGE: Final = 400
MAX_ERRORS: Final = 30
OPEN_UP_TO: Final = 3
"""Kinds with this many entries or fewer are shown without a click."""


def render_advice(advice: Mapping[str, Any], title: str = "What to look at in the data") -> Markup | None:
    """Return the advice by kind, the commonest first."""
    if not advice["count"]:
        return None
    kinds = [_render_kind(kind) for kind in advice["kinds"]]
    return build_section(title, *kinds, intro="None of this stops a training; each may cost some of its score.")


def _render_kind(kind: Mapping[str, Any]) -> Markup:
    title, total, entries = ISSUE_TITLES.get(kind["issue"], kind["issue"]), kind["count"], kind["entries"]
    more = (
        element("li", f"and {total - len(entries):,} more, all of them in inspection.json", class_="soft")
        if total > len(entries)
        else None
    )
    summary = element("summary", title, element("span", f" · {total:,}", class_="soft"))
    listed = element("ul", *(render_entry(entry) for entry in entries), more, class_="plain")
    return element("details", summary, listed, open="" if total <= OPEN_UP_TO else None)


def render_entry(entry: Mapping[str, Any]) -> Markup:
    """Return one problem or piece of advice."""
    return element("li", element("b", name(entry["subject"], MAX_SUBJECT)), " ", name(entry["message"], MAX_MESSAGE))


def render_label_errors(errors: Sequence[Mapping[str, Any]], total: int) -> Markup | None:
    """Return the probable label errors, the surest first: as pictures, the others as a table."""
    if not errors:
        return None
    pictured = [error for error in errors if error.get("picture")]
    rest = [error for error in errors[:MAX_ERRORS] if not error.get("picture")]
    figures = element("div", *(_render_label_error(error) for error in pictured), class_="shots") if pictured else None
    intro = "A model that had not seen these images is surer of another tag; look at them before anything else is done."
    shown = len(pictured) + len(rest)
    more = f" These are {shown} of {total:,}; the first {len(errors):,} are in report.json." if total > shown else ""
    return build_section("Tags that are probably wrong", figures, _tabulate_label_errors(rest), intro=join(intro, more))


def _render_label_error(error: Mapping[str, Any]) -> Markup:
    share = element("span", f" · {numbers.show_share(error.get('confidence'))}", class_="soft")
    looks = element(
        "div", "Looks like ", element("b", name(str(error.get("suggested", "")), 40), class_="isgood"), share
    )
    tagged = element("div", "Tagged ", element("b", name(str(error.get("given", "")), 40), class_="isbad"))
    file = element("div", name(_name_image(error), 48), class_="soft small")
    return element("figure", render_frame(error["picture"]), element("figcaption", looks, tagged, file))


def _tabulate_label_errors(errors: Sequence[Mapping[str, Any]]) -> Markup | None:
    if not errors:
        return None
    rows: list[list[Content]] = [
        [
            name(_name_image(error), 60),
            name(str(error.get("given", "")), 40),
            name(str(error.get("suggested", "")), 40),
            numbers.show_share(error.get("confidence")),
        ]
        for error in errors
    ]
    return build_table(("Image", "Tagged", "Looks like", "Confidence"), rows, (3,))


def _name_image(error: Mapping[str, Any]) -> str:
    return str(error.get("file") or error.get("subject") or error.get("imageId"))

"""Pictures in a report: a thumbnail, the boxes over it, and what they mean.

Owns how true and predicted boxes look: by colour and by line, so that neither has to be seen alone. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_trainer.report import numbers
from darkroom_trainer.report.markup import Content, Markup, element, join, name, shorten
from darkroom_trainer.report.page import build_section

LOUD: Final = frozenset({"missed", "false"})
TRUE: Final = frozenset({"missed", "found"})
MAX_CHIP: Final = 14
WHATS: Final = {
    "wrong": "wrong",
    "false": "boxes where nothing is, or of the wrong tag",
    "missed": "missed",
    "both": "false and missed",
}


def render_mistakes(mistakes: Mapping[str, Any]) -> Markup | None:
    """Return the worst mistakes as pictures."""
    images = mistakes["images"]
    if not images:
        return None
    if not mistakes["wrong"]:
        return build_section("Worst mistakes", intro=f"None: all {images:,} measured images were answered without one.")
    shown = mistakes["shown"]
    has_boxes = any(mistake["boxes"] for mistake in shown)
    intro = (
        f"{mistakes['wrong']:,} of {images:,} measured images have a mistake; {_describe_choice(len(shown), has_boxes)}"
    )
    figures = [_render_figure(mistake, has_boxes=has_boxes) for mistake in shown]
    css = "shots large" if has_boxes else "shots"
    legend = _render_legend() if has_boxes else None
    return build_section("Worst mistakes", legend, element("div", *figures, class_=css), intro=intro)


def _describe_choice(shown: int, has_boxes: bool) -> str:
    if has_boxes:
        return f"these {shown} have the surest false boxes and the largest missed ones." if shown > 1 else "this is it."
    return f"these {shown} are those the model was surest of." if shown > 1 else "this is it."


def _render_figure(mistake: Mapping[str, Any], *, has_boxes: bool) -> Markup:
    caption = _caption_boxes(mistake) if has_boxes else _caption_tags(mistake)
    file = element("div", name(mistake["file"], 48), class_="soft small")
    return element("figure", render_frame(mistake["picture"], mistake["boxes"]), element("figcaption", caption, file))


def _caption_tags(mistake: Mapping[str, Any]) -> Markup:
    said = [join(name(guess["tag"], 40), f" {numbers.show_share(guess['confidence'])}") for guess in mistake["guesses"]]
    truth = [name(tag, 40) for tag in mistake["truth"]] or [element("i", "no tag")]
    first, rest = (said[:1], said[1:]) if mistake["what"] == "wrong" else (said, [])
    return join(
        element("div", "Model: ", element("b", _list(first or [element("i", "no tag")]), class_="isbad")),
        element(
            "div",
            "Truth: ",
            element("b", _list(truth), class_="isgood"),
            join(" (given ", _list(rest[:1]), ")") if rest else None,
        ),
    )


def _list(parts: Sequence[Content]) -> Markup:
    return join(*(join(", " if at else None, part) for at, part in enumerate(parts)))


def _caption_boxes(mistake: Mapping[str, Any]) -> Markup:
    false = [box for box in mistake["boxes"] if box["kind"] == "false"]
    missed = [box for box in mistake["boxes"] if box["kind"] == "missed"]
    parts: list[Content] = []
    if false:
        surest = false[0]
        parts.append(
            join(
                element("b", numbers.count(len(false), "false box").replace("boxs", "boxes")),
                ", surest ",
                name(surest["tag"], 30),
                f" {numbers.show_share(surest['confidence'])}",
            )
        )
    if missed:
        parts.append(
            join(
                element("b", f"{len(missed):,} missed"),
                ": ",
                _list([name(tag, 30) for tag in list(dict.fromkeys(box["tag"] for box in missed))[:3]]),
            )
        )
    return element("div", *(element("div", part) for part in parts))


def render_frame(picture: Mapping[str, Any] | None, boxes: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """Return a thumbnail with boxes; their place is kept where there is no picture."""
    if picture is None:
        return element("div", "no picture", class_="frame empty")
    width, height = picture["width"], picture["height"]
    image = element("img", src=picture["data"], width=width, height=height, alt="", loading="lazy")
    if not boxes:
        return element("div", image, class_="frame even")
    quiet_first = sorted(boxes, key=lambda box: box["kind"] in LOUD)
    marks = [_draw_box(box, width, height) for box in quiet_first]
    overlay = element("svg", *marks, viewBox=f"0 0 {width} {height}", aria_hidden="true")
    return element("div", image, overlay, class_="frame")


def _draw_box(box: Mapping[str, Any], width: int, height: int) -> Markup:
    side = "true" if box["kind"] in TRUE else "guess"
    loud = box["kind"] in LOUD
    left, top, across, down = (float(part) * scale for part, scale in zip(box["box"], (width, height) * 2, strict=True))
    place: dict[str, float] = {"x": left, "y": top, "width": across, "height": down}
    rect = element("rect", class_=f"box {side} {'loud' if loud else 'quiet'}", **place)
    if not loud:
        return rect
    halo = element("rect", class_="box halo", **place)
    confidence = f" {numbers.show_share(box['confidence'])}" if "confidence" in box else ""
    baseline = top - 4 if (top >= 14 and side == "guess") or top + down > height - 14 else top + down + 11
    text = element(
        "text", shorten(box["tag"], MAX_CHIP) + confidence, x=max(2.0, min(left, width - 60)), y=baseline, class_=side
    )
    return element("g", halo, rect, text)


def _render_legend() -> Markup:
    entries = {
        "true loud": "true box that was missed",
        "true quiet": "true box that was found",
        "guess loud": "predicted box that is wrong",
        "guess quiet": "predicted box that is right",
    }
    return element("ul", *(element("li", _draw_key(css), text) for css, text in entries.items()), class_="legend")


def _draw_key(css: str) -> Markup:
    rect = element("rect", x=2, y=1, width=22, height=8, class_=f"box {css}")
    return element("svg", rect, viewBox="0 0 26 10", class_="swatch", aria_hidden="true")

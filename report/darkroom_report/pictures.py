"""Pictures in a report: a thumbnail, the boxes over it, and what they mean.

Owns how true and predicted boxes look: by colour and by line, so that neither has to be seen alone. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_report import numbers
from darkroom_report.markup import Markup, element, join, join_with, name, shorten
from darkroom_report.page import build_section

LOUD: Final = frozenset({"missed", "false"})
NAMED: Final = LOUD | {"shown"}
TRUE: Final = frozenset({"missed", "found", "shown"})
"""Boxes of the data, the others being the model's; `shown` ones are shown for themselves."""
MAX_CHIP: Final = 14
FRAME_WIDTH: Final = 250
"""Units across a picture with boxes: about its pixels on a desktop, so that type has the size that it says."""
LETTER: Final = 6.6
LINE: Final = 13.0
Rectangle = tuple[float, float, float, float]
"""Left, top, width and height in units of the frame."""


def render_mistakes(mistakes: Mapping[str, Any]) -> Markup | None:
    """Return the worst mistakes as pictures."""
    images = mistakes["images"]
    if not images:
        return None
    if not mistakes["wrong"]:
        return build_section("Worst mistakes", intro=f"None: all {images:,} measured images were answered without one.")
    shown = mistakes["shown"]
    has_boxes = any(mistake["boxes"] for mistake in shown)
    choice = _describe_choice(len(shown), mistakes["wrong"], has_boxes=has_boxes)
    intro = f"{mistakes['wrong']:,} of {images:,} measured images have a mistake; {choice}"
    figures = [_render_figure(mistake, has_boxes=has_boxes) for mistake in shown]
    css = "shots large" if has_boxes else "shots"
    legend = _render_legend() if has_boxes else None
    return build_section("Worst mistakes", legend, element("div", *figures, class_=css), intro=intro)


def _describe_choice(shown: int, wrong: int, *, has_boxes: bool) -> str:
    if shown == wrong:
        return "all of them are shown." if shown > 1 else "this is it."
    if has_boxes:
        return f"these {shown} have the surest false boxes and the largest missed ones."
    return f"these {shown} are those the model was surest of."


def _render_figure(mistake: Mapping[str, Any], *, has_boxes: bool) -> Markup:
    caption = _caption_boxes(mistake) if has_boxes else _caption_tags(mistake)
    file = element("div", name(mistake["file"], 48), class_="soft small")
    return element("figure", render_frame(mistake["picture"], mistake["boxes"]), element("figcaption", caption, file))


def _caption_tags(mistake: Mapping[str, Any]) -> Markup:
    """A wrong answer is shown with the confidence that its truth was given; of several tags, all that were shown."""
    guesses = mistake["guesses"]
    said = guesses[:1] if mistake["what"] == "wrong" else guesses
    given = {guess["tag"]: guess["confidence"] for guess in guesses[len(said) :]}
    answer = [_name_guess(guess["tag"], guess["confidence"], "isbad") for guess in said]
    truth = [_name_guess(tag, given.get(tag), "isgood") for tag in mistake["truth"]]
    nothing = [element("i", "no tag")]
    return join(
        element("div", "Model: ", join_with(", ", answer or nothing)),
        element("div", "Truth: ", join_with(", ", truth or nothing)),
    )


def _name_guess(tag: str, confidence: float | None, css: str) -> Markup:
    share = None if confidence is None else element("span", f"\u00a0· {numbers.show_share(confidence)}", class_="soft")
    return join(element("b", name(tag, 40), class_=css), share)


def _caption_boxes(mistake: Mapping[str, Any]) -> Markup:
    false = [box for box in mistake["boxes"] if box["kind"] == "false"]
    missed = [box for box in mistake["boxes"] if box["kind"] == "missed"]
    lines: list[Markup] = []
    if false:
        number = f"{len(false):,} false {'box' if len(false) == 1 else 'boxes'}"
        surest = _name_guess(false[0]["tag"], false[0]["confidence"], "isbad")
        lines.append(element("div", element("b", number), ", surest ", surest))
    if missed:
        tags = list(dict.fromkeys(box["tag"] for box in missed))[:3]
        lines.append(
            element(
                "div", element("b", f"{len(missed):,} missed"), ": ", join_with(", ", [name(tag, 30) for tag in tags])
            )
        )
    return join(*lines)


def render_frame(picture: Mapping[str, Any] | None, boxes: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """Return a thumbnail with boxes; their place is kept where there is no picture."""
    if picture is None:
        return element("div", "no picture", class_="frame empty")
    width, height = picture["width"], picture["height"]
    image = element("img", src=picture["data"], width=width, height=height, alt="", loading="lazy")
    if not boxes:
        return element("div", image, class_="frame even")
    size = (FRAME_WIDTH, round(FRAME_WIDTH * height / width))
    overlay = element("svg", *_draw_boxes(boxes, size), viewBox=f"0 0 {size[0]} {size[1]}", aria_hidden="true")
    return element("div", image, overlay, class_="frame")


def _draw_boxes(boxes: Sequence[Mapping[str, Any]], size: tuple[int, int]) -> list[Markup]:
    """Return all boxes, what is wrong on top, and as many names as find a free place."""
    rectangles = [_scale(box["box"], size) for box in boxes]
    shown = sorted(zip(boxes, rectangles, strict=True), key=lambda pair: pair[0]["kind"] in LOUD)
    taken: list[Rectangle] = []
    named = [(box, rectangle) for box, rectangle in zip(boxes, rectangles, strict=True) if box["kind"] in NAMED]
    drawn = [_draw_box(box, rectangle) for box, rectangle in shown]
    return drawn + [_draw_name(box, rectangle, size, taken) for box, rectangle in named]


def _scale(box: Sequence[float], size: tuple[int, int]) -> Rectangle:
    return box[0] * size[0], box[1] * size[1], box[2] * size[0], box[3] * size[1]


def _draw_box(box: Mapping[str, Any], rectangle: Rectangle) -> Markup:
    side = "true" if box["kind"] in TRUE else "guess"
    weight = "loud" if box["kind"] in LOUD else "" if box["kind"] in NAMED else "quiet"
    shape: dict[str, float] = dict(zip(("x", "y", "width", "height"), rectangle, strict=True))
    halo = element("rect", class_=f"box halo {weight}", **shape)
    return element("g", halo, element("rect", class_=f"box {side} {weight}", **shape))


def _draw_name(box: Mapping[str, Any], rectangle: Rectangle, size: tuple[int, int], taken: list[Rectangle]) -> Markup:
    """Return the name of a box above, below or inside it, wherever no other name is; nothing where all are taken."""
    confidence = f" · {numbers.show_share(box['confidence'])}" if "confidence" in box else ""
    text = shorten(box["tag"], MAX_CHIP) + confidence
    width = LETTER * len(text)
    left = max(1.0, min(rectangle[0], size[0] - width))
    for top in (
        rectangle[1] - LINE,
        rectangle[1] + rectangle[3] + 1,
        rectangle[1] + 2,
        rectangle[1] + rectangle[3] - LINE,
    ):
        spot = (left, top, width, LINE)
        if 0 <= top <= size[1] - LINE and not any(_touch(spot, other) for other in taken):
            taken.append(spot)
            css = "true" if box["kind"] in TRUE else "guess"
            return element("text", text, x=left, y=top + LINE - 3.0, class_=css)
    return Markup()


def _touch(first: Rectangle, second: Rectangle) -> bool:
    return all(
        first[side] < second[side] + second[side + 2] and second[side] < first[side] + first[side + 2]
        for side in (0, 1)
    )


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

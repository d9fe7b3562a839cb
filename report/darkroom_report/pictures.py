"""Boxes over a picture, and what they mean.

Owns how true and predicted boxes look: by colour and by line, so that neither has to be seen alone. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from darkroom_report import numbers
from darkroom_report.plot import join
from darkroom_report.texts import shorten

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


def draw_boxes(boxes: Sequence[Mapping[str, Any]], width: int, height: int) -> Markup:
    """Return all boxes of a picture, what is wrong on top, and as many names as find a free place."""
    size = (FRAME_WIDTH, round(FRAME_WIDTH * height / width))
    rectangles = [_scale(box["box"], size) for box in boxes]
    shown = sorted(zip(boxes, rectangles, strict=True), key=lambda pair: pair[0]["kind"] in LOUD)
    taken: list[Rectangle] = []
    named = [(box, rectangle) for box, rectangle in zip(boxes, rectangles, strict=True) if box["kind"] in NAMED]
    drawn = [_draw_box(box, rectangle) for box, rectangle in shown]
    names = [_draw_name(box, rectangle, size, taken) for box, rectangle in named]
    return Markup('<svg viewBox="0 0 {} {}" aria-hidden="true">{}</svg>').format(*size, join([*drawn, *names]))


def _scale(box: Sequence[float], size: tuple[int, int]) -> Rectangle:
    return box[0] * size[0], box[1] * size[1], box[2] * size[0], box[3] * size[1]


def _draw_box(box: Mapping[str, Any], rectangle: Rectangle) -> Markup:
    side = "true" if box["kind"] in TRUE else "guess"
    weight = "loud" if box["kind"] in LOUD else "" if box["kind"] in NAMED else "quiet"
    rect = Markup('<rect x="{:.5g}" y="{:.5g}" width="{:.5g}" height="{:.5g}" class="box {} {}"/>')
    return rect.format(*rectangle, "halo", weight) + rect.format(*rectangle, side, weight)


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
            name = Markup('<text x="{:.5g}" y="{:.5g}" class="{}">{}</text>')
            return name.format(left, top + LINE - 3.0, css, text)
    return Markup()


def _touch(first: Rectangle, second: Rectangle) -> bool:
    return all(
        first[side] < second[side] + second[side + 2] and second[side] < first[side] + first[side + 2]
        for side in (0, 1)
    )

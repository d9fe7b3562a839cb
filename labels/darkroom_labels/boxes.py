"""How the four numbers of a box are meant, and the relative upright box that they stand for.

Owns the names that a file may declare as `bbox_format` or `bbox_mode`, also for the reader of datasets. Pure.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from darkroom_labels.coco_labels import Box

OVER_EDGE: Final = 0.01
"""How far a box may reach over an edge, as a share of the side, and still be meant so: more is another form of box."""
_CORNERS: Final = frozenset({
    "ltrb", "xyxy", "x1y1x2y2", "xminyminxmaxymax", "lefttoprightbottom", "pascalvoc", "voc", "albumentations",
})  # fmt: skip
_CENTERS: Final = frozenset({"cxcywh", "centerxywh", "centrexywh", "yolo"})
_SIDES: Final = frozenset({"", "ltwh", "xywh", "coco", "lefttopwidthheight", "x1y1wh"})
_UNITS: Final = {
    **dict.fromkeys(("abs", "absolute", "pixel", "pixels", "px"), "pixels"),
    **dict.fromkeys(("rel", "relative", "norm", "normalized", "normalised"), "relative"),
    **dict.fromkeys(("percent", "percentage", "pct"), "percent"),
}
_OWN_UNITS: Final = {"pascalvoc": "pixels", "voc": "pixels", "albumentations": "relative", "yolo": "relative"}
BOX_MODES: Final = ("xyxy_pixels", "xywh_pixels", "xyxy_relative", "xywh_relative")
"""What the integers of `bbox_mode` stand for, from 0: detectron2's BoxMode."""


@dataclass(frozen=True)
class BoxForm:
    """Which corner or side each number is, and of what; `unit` is None where the values have to tell."""

    shape: str = "ltwh"
    unit: str | None = None


def find_form(declared: object) -> BoxForm | None:
    """Return the form that a name such as `xyxy` or `BoxMode.XYWH_ABS` declares; None for another, or two units."""
    if type(declared) is int:
        declared = BOX_MODES[declared] if 0 <= declared < len(BOX_MODES) else None
    if not isinstance(declared, str):
        return None
    words = re.findall(r"[a-z0-9]+", declared.lower().removeprefix("boxmode."))
    name = "".join(word for word in words if word not in _UNITS)
    units = {_UNITS[word] for word in words if word in _UNITS}
    if len(units) > 1 or (declared.strip() and not words):
        return None
    unit = units.pop() if units else _OWN_UNITS.get(name)
    for shape, names in (("ltwh", _SIDES), ("ltrb", _CORNERS), ("cxcywh", _CENTERS)):
        if name in names:
            return BoxForm(shape, unit)
    return None


def read_numbers(value: object) -> Box | None:
    """Return four finite numbers, None where `value` is something else."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        return None
    if any(isinstance(part, bool) or not isinstance(part, int | float) for part in value):
        return None
    try:
        left, top, width, height = (float(part) for part in value)
    except OverflowError:
        return None
    return (left, top, width, height) if math.isfinite(left + top + width + height) else None


def to_left_top(box: Box, shape: str) -> Box:
    """Return a box of a shape as left, top, width and height."""
    first, second, third, fourth = box
    if shape == "ltrb":
        return first, second, third - first, fourth - second
    if shape == "cxcywh":
        return first - third / 2, second - fourth / 2, third, fourth
    return box


def outline(segmentation: object) -> Box | None:
    """Return the box around a polygon, or around several; None where there is none."""
    if not isinstance(segmentation, list) or not segmentation:
        return None
    parts = segmentation if all(isinstance(part, list) for part in segmentation) else [segmentation]
    flat: list[Any] = [number for part in parts for number in part]
    if any(len(part) % 2 for part in parts) or len(flat) < 6:
        return None
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in flat):
        return None
    across, down = flat[::2], flat[1::2]
    return read_numbers([min(across), min(down), max(across) - min(across), max(down) - min(down)])


def turn_about_center(box: Box, degrees: float) -> Box:
    """Return the upright box around one that is turned about its centre; the axes have one unit."""
    left, top, width, height = box
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    wide, high = cosine * width + sine * height, sine * width + cosine * height
    return left + (width - wide) / 2, top + (height - high) / 2, wide, high


def turn_about_corner(box: Box, degrees: float) -> Box:
    """Return the upright box around one that is turned clockwise about its left top corner, as Label Studio does."""
    left, top, width, height = box
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    across = (0.0, width * cosine, -height * sine, width * cosine - height * sine)
    down = (0.0, width * sine, height * cosine, width * sine + height * cosine)
    return left + min(across), top + min(down), max(across) - min(across), max(down) - min(down)


def scale(box: Box, width: float, height: float) -> Box:
    """Return a box in units that are `width` across and `height` down, as shares of the image's sides."""
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def measure_over(box: Box) -> float:
    """Return by how much a relative box reaches over an edge, below 0 where it does not."""
    return max(-box[0], -box[1], box[0] + box[2] - 1, box[1] + box[3] - 1)


def cut(box: Box) -> Box | None:
    """Return a relative box cut at the edges of its image; None where nothing is left."""
    across, down = _cut_side(box[0], box[2]), _cut_side(box[1], box[3])
    return None if across is None or down is None else (across[0], down[0], across[1], down[1])


def _cut_side(begin: float, length: float) -> tuple[float, float] | None:
    low, high = max(begin, 0.0), min(begin + length, 1.0)
    if low == begin and high == begin + length:
        return (begin, length) if length > 0 else None
    return (low, high - low) if high > low else None


def are_pixels(boxes: Sequence[Box]) -> bool:
    """Return whether boxes of no declared unit are in pixels: most of them have a value above 1."""
    return 2 * sum(max(box) > 1.001 for box in boxes) > len(boxes)

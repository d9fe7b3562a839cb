"""How the four numbers of a `bbox` are meant: which corner or side each is, and of what.

Owns the names that a file may declare as `bbox_format`, and the way to [left, top, width, height]. Pure. Must not do:
judge boxes.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from darkroom_trainer.data.coco.annotation_table import Floats
from darkroom_trainer.data.coco.values import show_value


class BoxShape(StrEnum):
    """What the four numbers are."""

    LEFT_TOP_SIZE = "[left, top, width, height]"
    CORNERS = "[left, top, right, bottom]"
    CENTER_SIZE = "[center x, center y, width, height]"


class BoxUnit(StrEnum):
    """What the numbers count."""

    PIXELS = "pixels"
    RELATIVE = "shares of the image's sides"
    PERCENT = "percent of the image's sides"


@dataclass(frozen=True)
class BoxConvention:
    """How the boxes of a file are meant; without a declared unit their values tell it."""

    shape: BoxShape = BoxShape.LEFT_TOP_SIZE
    unit: BoxUnit | None = None


class UnknownConvention(ValueError):
    """A declaration that cannot be followed; the text says what can be."""


_NAMES: Final = {
    "": BoxConvention(),
    **dict.fromkeys(("ltwh", "xywh", "coco", "lefttopwidthheight", "x1y1wh"), BoxConvention()),
    **dict.fromkeys(
        ("ltrb", "xyxy", "x1y1x2y2", "xminyminxmaxymax", "lefttoprightbottom"), BoxConvention(BoxShape.CORNERS)
    ),
    **dict.fromkeys(("cxcywh", "centerxywh", "centrexywh"), BoxConvention(BoxShape.CENTER_SIZE)),
    **dict.fromkeys(("pascalvoc", "voc"), BoxConvention(BoxShape.CORNERS, BoxUnit.PIXELS)),
    "albumentations": BoxConvention(BoxShape.CORNERS, BoxUnit.RELATIVE),
    "yolo": BoxConvention(BoxShape.CENTER_SIZE, BoxUnit.RELATIVE),
}
_UNITS: Final = {
    **dict.fromkeys(("abs", "absolute", "pixel", "pixels", "px"), BoxUnit.PIXELS),
    **dict.fromkeys(("rel", "relative", "norm", "normalized", "normalised"), BoxUnit.RELATIVE),
    **dict.fromkeys(("percent", "percentage", "pct"), BoxUnit.PERCENT),
}
DECLARED_NAMES: Final = {BoxShape.LEFT_TOP_SIZE: "ltwh", BoxShape.CORNERS: "ltrb", BoxShape.CENTER_SIZE: "cxcywh"}


def read_convention(declared: Collection[str | None]) -> BoxConvention:
    """Return what a file declares, by any number of equal declarations; raises UnknownConvention."""
    if len(declared) > 1:
        shown = " and ".join(sorted(show_value(name) for name in declared))
        raise UnknownConvention(f"declares more than one bbox_format ({shown}); write all boxes in one, and declare it")
    name = next(iter(declared), None)
    if name is None:
        return BoxConvention()
    convention = _look_up(name)
    if convention is None:
        raise UnknownConvention(
            f"declares bbox_format {show_value(name)}, which is not known; convert the boxes, or declare ltwh, ltrb, "
            "cxcywh, pascal_voc or yolo, with _pixels, _relative or _percent after it where that is meant"
        )
    return convention


def _look_up(name: str) -> BoxConvention | None:
    """Return the convention of a name such as `xyxy`, `BoxMode.XYXY_ABS` or `cxcywh_normalized`."""
    words = re.findall(r"[a-z0-9]+", name.lower().removeprefix("boxmode."))
    units = {_UNITS[word] for word in words if word in _UNITS}
    found = _NAMES.get("".join(word for word in words if word not in _UNITS))
    if found is None or len(units) > 1 or (name.strip() and not words):
        return None
    return BoxConvention(found.shape, units.pop() if units else found.unit)


def to_left_top(boxes: Floats, shape: BoxShape) -> Floats:
    """Return boxes (N, 4) of a shape as [left, top, width, height]."""
    first, second = boxes[:, :2], boxes[:, 2:]
    with np.errstate(invalid="ignore", over="ignore"):
        if shape is BoxShape.CORNERS:
            return np.concatenate([first, second - first], axis=1)
        if shape is BoxShape.CENTER_SIZE:
            return np.concatenate([first - second / 2, second], axis=1)
    return boxes

"""How the four numbers of a `bbox` are meant: which corner or side each is, and of what.

Owns what a file that declares it wrongly is told, and the way to [left, top, width, height]. The names that may be
declared are in `darkroom_labels.boxes`. Pure. Must not do: judge boxes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from darkroom_labels.boxes import find_form
from darkroom_trainer.data.coco.annotation_table import Floats
from darkroom_trainer.data.coco.values import show_value


class BoxShape(StrEnum):
    """What the four numbers are."""

    LEFT_TOP_SIZE = "[left, top, width, height]"
    CORNERS = "[left, top, right, bottom]"
    CENTER_SIZE = "[center x, center y, width, height]"
    PIXEL_CORNERS = "[xmin, ymin, xmax, ymax] of pixels counted from 1"
    """Both pixels belong to the box, so it is one wider than their difference."""


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


DECLARED_NAMES: Final = {BoxShape.LEFT_TOP_SIZE: "ltwh", BoxShape.CORNERS: "ltrb", BoxShape.CENTER_SIZE: "cxcywh"}
_SHAPES: Final = {name: shape for shape, name in DECLARED_NAMES.items()}
_UNITS: Final = {"pixels": BoxUnit.PIXELS, "relative": BoxUnit.RELATIVE, "percent": BoxUnit.PERCENT}


def read_convention(declared: Collection[str | None]) -> BoxConvention:
    """Return what a file declares, by any number of equal declarations; raises UnknownConvention."""
    if len(declared) > 1:
        shown = " and ".join(sorted(show_value(name) for name in declared))
        raise UnknownConvention(f"declares more than one bbox_format ({shown}); write all boxes in one, and declare it")
    name = next(iter(declared), None)
    if name is None:
        return BoxConvention()
    form = find_form(name)
    if form is None:
        raise UnknownConvention(
            f"declares bbox_format {show_value(name)}, which is not known; convert the boxes, or declare ltwh, ltrb, "
            "cxcywh, pascal_voc or yolo, with _pixels, _relative or _percent after it where that is meant"
        )
    return BoxConvention(_SHAPES[form.shape], _UNITS[form.unit] if form.unit is not None else None)


def to_left_top(boxes: Floats, shape: BoxShape) -> Floats:
    """Return boxes (N, 4) of a shape as [left, top, width, height]."""
    first, second = boxes[:, :2], boxes[:, 2:]
    with np.errstate(invalid="ignore", over="ignore"):
        if shape is BoxShape.CORNERS:
            return np.concatenate([first, second - first], axis=1)
        if shape is BoxShape.PIXEL_CORNERS:
            return np.concatenate([first - 1, second - first + 1], axis=1)
        if shape is BoxShape.CENTER_SIZE:
            return np.concatenate([first - second / 2, second], axis=1)
    return boxes

"""A photo taken from the side made to look as if taken from the front: what lies between four points, as a rectangle.

Owns what four points have to be, and the size of the result: the means of opposite edges, in pixels.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from darkroom_shelf.composition.corners import list_corners, measure_edges, measure_turns
from darkroom_shelf.composition.photos import MAX_OUTPUT_PIXELS
from darkroom_shelf.errors import ShelfProblem
from darkroom_shelf.fields import Fields
from darkroom_shelf.places import Floats

CORNERS: Final = ("topLeft", "topRight", "bottomRight", "bottomLeft")
"""Clockwise, as y points down."""
LEAST_SIDE_PX: Final = 10
LEAST_SINE: Final = 0.02
"""Of the angle at a corner, 1.1 degrees: flatter ones are collapsed or make pixels of nothing."""
_PLACE: Final = "controlPoints"


@dataclass(frozen=True)
class ControlPoints:
    """Four corners (4, 2) from 0 to 1 of the photo's width and height, clockwise from the top left."""

    corners: Floats

    def scale(self, width: int, height: int) -> Floats:
        """Return the corners in pixels of a photo."""
        return self.corners * (width, height)


def read_control_points(body: Any) -> ControlPoints:
    """Return the points in a request, with or without the wrapper of the public tool; raises ShelfProblem."""
    fields = Fields(body, _PLACE)
    while fields.has("controlPoints"):
        fields = Fields(fields.read("controlPoints"), _PLACE)
    points = [_read_point(Fields(fields.read(corner), f"{_PLACE}.{corner}")) for corner in CORNERS]
    return ControlPoints(np.array(points))


def _read_point(point: Fields) -> tuple[float, float]:
    x, y = point.read_number("x"), point.read_number("y")
    for side, value in (("x", x), ("y", y)):
        if not 0 <= value <= 1:
            text = f"it is {value:g}; give a share of the photo's {'width' if side == 'x' else 'height'}, 0 to 1"
            raise ShelfProblem(text, point.name_place(side))
    return x, y


def rectify(photo: Image.Image, points: ControlPoints) -> Image.Image:
    """Return what lies between the points as a rectangle; raises ShelfProblem where they bound none."""
    corners = points.scale(photo.width, photo.height)
    check_corners(corners)
    width, height = measure_result(corners)
    coefficients = find_coefficients(list_corners(width, height), corners)
    return photo.transform(
        (width, height), Image.Transform.PERSPECTIVE, coefficients.tolist(), Image.Resampling.BICUBIC
    )


def check_corners(corners: Floats) -> None:
    """Raise ShelfProblem where four corners in pixels are not those of a convex figure, clockwise."""
    edges, lengths = measure_edges(corners)
    short = int(lengths.argmin())
    if lengths[short] < LEAST_SIDE_PX:
        one, other = CORNERS[short], CORNERS[(short + 1) % 4]
        text = f"{one} and {other} are less than {LEAST_SIDE_PX} pixels apart; put each on its own corner of the shelf"
        raise ShelfProblem(text, _PLACE)
    sines = measure_turns(edges) / (lengths * np.roll(lengths, -1))
    if (sines >= LEAST_SINE).all():
        return
    if (sines <= -LEAST_SINE).all():
        raise ShelfProblem(
            "left and right, or top and bottom, are exchanged; name the corners as they are seen", _PLACE
        )
    if (np.abs(sines) < LEAST_SINE).any():
        flat = CORNERS[(int(np.abs(sines).argmin()) + 1) % 4]
        raise ShelfProblem(f"{flat} lies on a line with its neighbours; give the four corners of a rectangle", _PLACE)
    if (sines < 0).sum() == 2:
        raise ShelfProblem("two edges cross; name the corners as they are seen, topLeft to bottomRight", _PLACE)
    inner = CORNERS[(int(sines.argmin()) + 1) % 4] if (sines < 0).sum() == 1 else CORNERS[int(sines.argmax() + 1) % 4]
    raise ShelfProblem(f"the figure has a dent at {inner}; give the four corners of a rectangle", _PLACE)


def measure_result(corners: Floats) -> tuple[int, int]:
    """Return width and height in pixels: the means of opposite edges; raises ShelfProblem where that is too large."""
    _, lengths = measure_edges(corners)
    width, height = (max(1, round(float(lengths[at] + lengths[at + 2]) / 2)) for at in (0, 1))
    if width * height > MAX_OUTPUT_PIXELS:
        text = f"the result would have {width * height:,} pixels, at most {MAX_OUTPUT_PIXELS:,}; give a smaller photo"
        raise ShelfProblem(text, _PLACE)
    return width, height


def find_coefficients(target: Floats, source: Floats) -> Floats:
    """Return the eight numbers that take a point of the result to its point of the photo, as Pillow has them."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(rows), np.array(values))

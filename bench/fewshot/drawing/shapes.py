"""The set `shapes`: outlined figures of any colour, turned and scaled on photographs, with a box around each.

Owns the drawing. What a figure is, not its colour, is its tag.
"""

import math
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from bench.fewshot.drawing.pictures import Box, Picture, choose_ink, draw_ground, vary_light

SCENE_PX: Final = 128
FINE: Final = 4
"""Figures are drawn this many times larger: smooth edges, and boxes exact to a quarter of a pixel."""
RADIUS_PX: Final = (11.0, 22.0)
LINE_PX: Final = (2.0, 4.0)
PER_SCENE: Final = (2, 5)
PLACING_TRIES: Final = 60
GAP_PX: Final = 2.0

Points = tuple[tuple[float, float], ...]


def _regular(corners: int) -> Points:
    return _star(corners, 1.0)[::2]


def _star(rays: int, inner: float) -> Points:
    """Return the corners of a star in the unit circle, outer and inner ones in turn."""
    turns = [math.pi * at / rays for at in range(2 * rays)]
    return tuple(
        ((1.0 if at % 2 == 0 else inner) * math.cos(turn), (1.0 if at % 2 == 0 else inner) * math.sin(turn))
        for at, turn in enumerate(turns)
    )


_CROSS: Final = tuple(
    (x * 0.9, y * 0.9)
    for x, y in (
        *((-0.35, -1.0), (0.35, -1.0), (0.35, -0.35), (1.0, -0.35), (1.0, 0.35), (0.35, 0.35)),
        *((0.35, 1.0), (-0.35, 1.0), (-0.35, 0.35), (-1.0, 0.35), (-1.0, -0.35), (-0.35, -0.35)),
    )
)
_ARROW: Final = ((1.0, 0.0), (0.1, 0.8), (0.1, 0.35), (-0.95, 0.35), (-0.95, -0.35), (0.1, -0.35), (0.1, -0.8))
FIGURES: Final[dict[str, Points]] = {
    "circle": _regular(40),
    "square": _regular(4),
    "triangle": _regular(3),
    "star": _star(5, 0.45),
    "cross": _CROSS,
    "arrow": _ARROW,
}
SHAPES: Final = tuple(FIGURES)


def draw_shapes(random: np.random.Generator, *, for_test: bool) -> Picture:
    """Return a scene of 2 to 5 figures."""
    image = draw_ground(SCENE_PX, random, for_test=for_test)
    labels: list[int] = []
    boxes: list[Box] = []
    for _ in range(int(random.integers(PER_SCENE[0], PER_SCENE[1] + 1))):
        label = int(random.integers(len(SHAPES)))
        corners = _choose_corners(label, random)
        spot = _find_spot(corners, boxes, random)
        if spot is not None:
            boxes.append(_draw(image, corners + spot, random))
            labels.append(label)
    relative = tuple((x / SCENE_PX, y / SCENE_PX, w / SCENE_PX, h / SCENE_PX) for x, y, w, h in boxes)
    return Picture(np.asarray(vary_light(image, random)), tuple(labels), relative)


def _choose_corners(label: int, random: np.random.Generator) -> np.ndarray:
    """Return a figure's corners (N, 2) in pixels around 0, turned and scaled."""
    turn, radius = random.uniform(0, 2 * math.pi), random.uniform(*RADIUS_PX)
    matrix = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return np.asarray(np.array(FIGURES[SHAPES[label]]) @ matrix * radius)


def _find_spot(corners: np.ndarray, boxes: list[Box], random: np.random.Generator) -> np.ndarray | None:
    """Return where the figure overlaps no other, or None where the scene is full."""
    margin = LINE_PX[1] / 2 + GAP_PX
    low, high = corners.min(axis=0) - margin, corners.max(axis=0) + margin
    for _ in range(PLACING_TRIES):
        spot = random.uniform(-low, SCENE_PX - high)
        (left, top), (right, bottom) = spot + low, spot + high
        if all(left > x + w or right < x or top > y + h or bottom < y for x, y, w, h in boxes):
            return np.asarray(spot)
    return None


def _draw(image: Image.Image, corners: np.ndarray, random: np.random.Generator) -> Box:
    """Draw a figure's outline; returns its box in pixels, the line included."""
    line = random.uniform(*LINE_PX)
    mask = Image.new("L", (SCENE_PX * FINE, SCENE_PX * FINE))
    points = [(float(x) * FINE, float(y) * FINE) for x, y in corners]
    ImageDraw.Draw(mask).line([*points, *points[:2]], fill=255, width=round(line * FINE), joint="curve")
    left, top, right, bottom = (side / FINE for side in mask.getbbox() or (0, 0, 1, 1))
    below = image.crop((int(left), int(top), math.ceil(right), math.ceil(bottom)))
    ink = Image.new("RGB", image.size, choose_ink(below, random, least=60.0))
    image.paste(ink, mask=mask.resize(image.size, Image.Resampling.BOX))
    return left, top, right - left, bottom - top

"""Pictures of simple shapes, for images with any number of tags: each tag says that a shape or a pattern is there.

Owns the drawing, and how common each tag is: some are rare, and some pictures have none. Deterministic for a
generator. Must not do: I/O.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from darkroom_trainer.samples.digits import Pixels

PICTURE_PX: Final = 64
_SCALE: Final = 2
_SIDE: Final = (18, 26)
_MAX_SHIFT: Final = 3

Point = tuple[float, float]
Draw = Callable[[ImageDraw.ImageDraw, Point, float, str], None]


@dataclass(frozen=True)
class Picture:
    """uint8 (PICTURE_PX, PICTURE_PX, 3) and the names of the tags that it has."""

    pixels: Pixels
    tags: tuple[str, ...]


def _polygon(corners: int, turn: float, inner: float = 1.0) -> Draw:
    """Return what draws a regular polygon, or a star where `inner` is less than 1."""

    def draw(canvas: ImageDraw.ImageDraw, middle: Point, radius: float, colour: str) -> None:
        count = corners if inner == 1.0 else 2 * corners
        reach = [radius * (inner if at % 2 and inner != 1.0 else 1.0) for at in range(count)]
        angles = [turn + 2 * math.pi * at / count for at in range(count)]
        points = [
            (middle[0] + length * math.sin(angle), middle[1] - length * math.cos(angle))
            for length, angle in zip(reach, angles, strict=True)
        ]
        canvas.polygon(points, fill=colour)

    return draw


def _circle(canvas: ImageDraw.ImageDraw, middle: Point, radius: float, colour: str) -> None:
    canvas.ellipse(_around(middle, radius), fill=colour)


def _ring(canvas: ImageDraw.ImageDraw, middle: Point, radius: float, colour: str) -> None:
    canvas.ellipse(_around(middle, radius), outline=colour, width=max(2, int(radius * 0.35)))


def _cross(canvas: ImageDraw.ImageDraw, middle: Point, radius: float, colour: str) -> None:
    x, y = middle
    arm = radius * 0.3
    canvas.rectangle((x - radius, y - arm, x + radius, y + arm), fill=colour)
    canvas.rectangle((x - arm, y - radius, x + arm, y + radius), fill=colour)


def _around(middle: Point, radius: float) -> tuple[float, float, float, float]:
    return middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius


SHAPES: Final[dict[str, tuple[Draw, float]]] = {
    "circle": (_circle, 0.4),
    "square": (_polygon(4, math.pi / 4), 0.3),
    "triangle": (_polygon(3, 0.0), 0.3),
    "ring": (_ring, 0.2),
    "cross": (_cross, 0.15),
    "star": (_polygon(5, 0.0, 0.42), 0.06),
}
"""What draws a shape, and the share of pictures that it is in."""
STRIPED: Final = "striped"
_STRIPED_SHARE: Final = 0.25
TAGS: Final = (*SHAPES, STRIPED)
COLOURS: Final = ("#d1342f", "#2f6fd1", "#2f9d57", "#8a3fc0", "#d1862f", "#1f2328")


def draw_picture(random: np.random.Generator) -> Picture:
    """Return a picture of up to four shapes, each once, on a plain or a striped ground."""
    side = PICTURE_PX * _SCALE
    is_striped = bool(random.random() < _STRIPED_SHARE)
    canvas = Image.new("RGB", (side, side), _choose_light(random))
    draw = ImageDraw.Draw(canvas)
    if is_striped:
        _draw_stripes(draw, side, random)
    places = random.permutation(4).tolist()
    chosen = [name for name, (_, share) in SHAPES.items() if random.random() < share][: len(places)]
    for name, place in zip(chosen, places, strict=False):
        _draw_shape(draw, name, place, random)
    pixels = np.asarray(canvas.resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BOX), dtype=np.int16)
    noisy = pixels + random.normal(0, 5, size=pixels.shape)
    return Picture(np.clip(noisy, 0, 255).astype(np.uint8), (*chosen, *((STRIPED,) if is_striped else ())))


def _choose_light(random: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(value) for value in random.integers(190, 250, size=3))


def _draw_stripes(draw: ImageDraw.ImageDraw, side: int, random: np.random.Generator) -> None:
    colour = tuple(int(value) for value in random.integers(130, 180, size=3))
    start = int(random.integers(0, 10))
    for at in range(start, side, 14):
        draw.rectangle((0, at, side, at + 4), fill=colour)


def _draw_shape(draw: ImageDraw.ImageDraw, name: str, place: int, random: np.random.Generator) -> None:
    quarter = PICTURE_PX * _SCALE / 4
    shift = random.integers(-_MAX_SHIFT, _MAX_SHIFT + 1, size=2) * _SCALE
    middle = (quarter * (1 + 2 * (place % 2)) + float(shift[0]), quarter * (1 + 2 * (place // 2)) + float(shift[1]))
    radius = float(random.integers(*_SIDE)) * _SCALE / 2
    SHAPES[name][0](draw, middle, radius, COLOURS[int(random.integers(len(COLOURS)))])

"""The set `textures`: seven surfaces out of two photographs and seven that are computed, at random scale and light.

Owns the drawing. Trainings and tests crop disjoint parts of the photographs.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.fewshot.drawing.pictures import Picture, crop, load_photograph, vary_light

SIDE_PX: Final = 64
Area = tuple[int, int, int, int]
Floats = npt.NDArray[np.float64]
Pattern = Callable[[Floats, Floats, np.random.Generator], Floats]

PHOTOGRAPHED: Final[dict[str, tuple[str, Area, Area]]] = {
    "temple": ("china.jpg", (84, 120, 205, 340), (205, 120, 330, 340)),
    "bush": ("china.jpg", (335, 325, 450, 427), (450, 300, 560, 427)),
    "pine": ("china.jpg", (555, 190, 640, 305), (555, 305, 640, 427)),
    "lake": ("china.jpg", (350, 236, 440, 300), (440, 240, 545, 290)),
    "sky": ("china.jpg", (330, 0, 480, 180), (480, 0, 640, 130)),
    "petals": ("flower.jpg", (190, 100, 305, 340), (305, 100, 430, 340)),
    "leaves": ("flower.jpg", (0, 60, 160, 400), (460, 60, 640, 380)),
}
SOURCE_PX: Final = (28, 72)


def _stripes(x: Floats, _y: Floats, random: np.random.Generator) -> Floats:
    return np.asarray(np.sin(x * random.uniform(0.4, 0.9)) > random.uniform(-0.5, 0.5), dtype=np.float64)


def _checks(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    rate = random.uniform(0.3, 0.7)
    return np.asarray(np.sin(x * rate) * np.sin(y * rate) > 0, dtype=np.float64)


def _dots(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    pitch = random.uniform(8, 16)
    away = np.hypot((x % pitch) - pitch / 2, (y % pitch) - pitch / 2)
    return np.asarray(away < pitch * random.uniform(0.2, 0.35), dtype=np.float64)


def _bricks(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    high = random.uniform(7, 13)
    wide, joint = high * random.uniform(1.8, 2.4), random.uniform(1.0, 2.2)
    moved = x + np.floor(y / high) % 2 * wide / 2
    return np.asarray((y % high < joint) | (moved % wide < joint), dtype=np.float64)


def _marble(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    bend = _draw_noise(5, random) * 6 + _draw_noise(11, random) * 2
    return np.asarray(0.5 + 0.5 * np.sin((x + y) * random.uniform(0.1, 0.25) + bend))


def _rings(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    middle = random.uniform(-20, 20, 2)
    away = np.hypot(x - middle[0], (y - middle[1]) * random.uniform(0.6, 1.0))
    return np.asarray(0.5 + 0.5 * np.sin(away * random.uniform(0.5, 1.0) + _draw_noise(6, random)))


def _cells(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    points = random.uniform(-48, 48, (int(random.integers(30, 80)), 2))
    away = np.hypot(x[..., None] - points[:, 0], y[..., None] - points[:, 1])
    nearest = np.partition(away, 1, axis=-1)
    return np.asarray(nearest[..., 1] - nearest[..., 0] < random.uniform(1.2, 2.2), dtype=np.float64)


COMPUTED: Final[dict[str, Pattern]] = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "bricks": _bricks,
    "marble": _marble,
    "rings": _rings,
    "cells": _cells,
}
TEXTURES: Final = (*PHOTOGRAPHED, *COMPUTED)


def draw_texture(label: int, random: np.random.Generator, *, for_test: bool) -> Picture:
    """Return a picture of a surface."""
    name = TEXTURES[label]
    if name in PHOTOGRAPHED:
        source, train, test = PHOTOGRAPHED[name]
        image = crop(load_photograph(source), test if for_test else train, SOURCE_PX, SIDE_PX, random)
    else:
        image = _draw_computed(COMPUTED[name], random)
    return Picture(np.asarray(vary_light(image, random)), (label,))


def _draw_computed(pattern: Pattern, random: np.random.Generator) -> Image.Image:
    """Return a pattern in two random colours, turned, with uneven light."""
    turn, line = random.uniform(0, 2 * math.pi), np.arange(SIDE_PX) - SIDE_PX / 2
    across, down = np.meshgrid(line, line)
    x = across * math.cos(turn) - down * math.sin(turn) + random.uniform(0, 40)
    y = across * math.sin(turn) + down * math.cos(turn) + random.uniform(0, 40)
    share = pattern(x, y, random)[..., None]
    one = random.uniform(20, 235, 3)
    other = np.clip(one + random.choice([-1, 1]) * random.uniform(40, 150, 3), 0, 255)
    values = one * share + other * (1 - share) + _draw_noise(7, random)[..., None] * 10
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _draw_noise(cells: int, random: np.random.Generator) -> Floats:
    field = random.normal(0, 1, (cells, cells)).astype(np.float32)
    smooth = Image.fromarray(field).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float64)

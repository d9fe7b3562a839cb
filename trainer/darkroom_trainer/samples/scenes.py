"""Scenes: a few digits on a textured background, with a box around each, for object detection.

Owns the drawing. Deterministic for a generator. Must not do: I/O, or choose which digits belong to which part.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from darkroom_trainer.samples.digits import Digits, Pixels, enlarge

SCENE_PX: Final = 128
_DIGITS_PER_SCENE: Final = (2, 5)
_SIDE_PX: Final = (26, 46)
_MAX_OVERLAP: Final = 0.05
_PLACING_TRIES: Final = 60
_INK_THRESHOLD: Final = 64
_MIN_CONTRAST: Final = 90.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PlacedDigit:
    """A digit in a scene; the box is [left, top, width, height] in pixels, tight around its ink."""

    digit: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Scene:
    """uint8 (SCENE_PX, SCENE_PX, 3) and what stands in it."""

    pixels: Pixels
    placed: tuple[PlacedDigit, ...]


def draw_scene(digits: Digits, random: np.random.Generator) -> Scene:
    """Return a scene of 2 to 5 digits drawn from `digits`."""
    canvas = _draw_background(random)
    placed: list[PlacedDigit] = []
    for _ in range(int(random.integers(_DIGITS_PER_SCENE[0], _DIGITS_PER_SCENE[1] + 1))):
        row = int(random.integers(len(digits.values)))
        ink = enlarge(digits.ink[row], int(random.integers(_SIDE_PX[0], _SIDE_PX[1] + 1)))
        spot = _find_spot(ink, placed, random)
        if spot is not None:
            _blend(canvas, ink, spot, random)
            placed.append(PlacedDigit(int(digits.values[row]), _box_of(ink, spot)))
    return Scene(np.clip(canvas, 0, 255).astype(np.uint8), tuple(placed))


def _draw_background(random: np.random.Generator) -> Floats:
    """Return a gradient with coarse and fine noise, float (SCENE_PX, SCENE_PX, 3)."""
    base = random.uniform(30, 225, size=3)
    ramp = np.linspace(-1, 1, SCENE_PX)
    slope = random.uniform(-25, 25, size=(2, 3))
    canvas = base + ramp[:, None, None] * slope[0] + ramp[None, :, None] * slope[1]
    for cells, strength in ((5, 18.0), (16, 10.0), (64, 6.0)):
        canvas = canvas + _draw_noise(cells, random) * strength
    grain: Floats = random.normal(0, 4, size=canvas.shape)
    return np.asarray(canvas + grain)


def _draw_noise(cells: int, random: np.random.Generator) -> Floats:
    field = random.normal(0, 1, size=(cells, cells)).astype(np.float32)
    smooth = Image.fromarray(field).resize((SCENE_PX, SCENE_PX), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float64)[:, :, None]


def _box_of(ink: Pixels, spot: tuple[int, int]) -> tuple[int, int, int, int]:
    rows = np.flatnonzero((ink >= _INK_THRESHOLD).any(axis=1))
    columns = np.flatnonzero((ink >= _INK_THRESHOLD).any(axis=0))
    width, height = int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1
    return spot[0] + int(columns[0]), spot[1] + int(rows[0]), width, height


def _find_spot(ink: Pixels, placed: list[PlacedDigit], random: np.random.Generator) -> tuple[int, int] | None:
    """Return left and top where the digit overlaps no other by much, or None where the scene is full."""
    room = SCENE_PX - len(ink)
    for _ in range(_PLACING_TRIES):
        spot = (int(random.integers(room + 1)), int(random.integers(room + 1)))
        box = _box_of(ink, spot)
        if all(measure_overlap(box, other.box) <= _MAX_OVERLAP for other in placed):
            return spot
    return None


def measure_overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    """Return the shared area as a part of the smaller box."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(wide, 0) * max(high, 0) / min(one[2] * one[3], other[2] * other[3])


def _blend(canvas: Floats, ink: Pixels, spot: tuple[int, int], random: np.random.Generator) -> None:
    left, top = spot
    patch = canvas[top : top + len(ink), left : left + len(ink)]
    share = ink.astype(np.float64)[:, :, None] / 255
    patch[:] = patch * (1 - share) + _choose_colour(patch, random) * share


def _choose_colour(patch: Floats, random: np.random.Generator) -> Floats:
    """Return an ink colour that stands out from what lies below it."""
    below = patch.mean(axis=(0, 1))
    away = -1.0 if below.mean() > 127 else 1.0
    return np.asarray(np.clip(below + away * random.uniform(_MIN_CONTRAST, 150, size=3), 0, 255))

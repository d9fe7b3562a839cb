"""A made picture with what is to be learned from it, and the drawing that the sets share.

Owns the form, the grounds and the light. Deterministic for a generator. Must not do: I/O, but for the two photographs
that scikit-learn ships.
"""

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_sample_image

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

PHOTOGRAPHS: Final = ("china.jpg", "flower.jpg")
_PHOTOGRAPH_PX: Final = 640


@dataclass(frozen=True)
class Picture:
    """uint8 (H, W, 3); `labels` count from 0, `boxes` are relative left, top, width, height, none for a class."""

    pixels: Pixels
    labels: tuple[int, ...]
    boxes: tuple[Box, ...] = ()


@functools.cache
def load_photograph(name: str) -> Pixels:
    """Return one of the photographs that scikit-learn ships, 427 rows of 640 pixels."""
    return np.asarray(load_sample_image(name), dtype=np.uint8)


def draw_ground(side_px: int, random: np.random.Generator, *, for_test: bool) -> Image.Image:
    """Return a crop of a photograph at random scale and light; tests see the right halves, trainings the left ones."""
    photograph = load_photograph(PHOTOGRAPHS[int(random.integers(len(PHOTOGRAPHS)))])
    half = _PHOTOGRAPH_PX // 2
    area = (half, 0, _PHOTOGRAPH_PX, len(photograph)) if for_test else (0, 0, half, len(photograph))
    return vary_light(crop(photograph, area, (80, 300), side_px, random), random)


def crop(
    photograph: Pixels,
    area: tuple[int, int, int, int],
    source_px: tuple[int, int],
    side_px: int,
    random: np.random.Generator,
) -> Image.Image:
    """Return a square crop from an area (left, top, right, bottom), `source_px` wide there and `side_px` here."""
    left, top, right, bottom = area
    most = min(source_px[1], right - left, bottom - top)
    wide = int(random.integers(min(source_px[0], most), most + 1))
    x, y = int(random.integers(left, right - wide + 1)), int(random.integers(top, bottom - wide + 1))
    patch = Image.fromarray(photograph[y : y + wide, x : x + wide])
    return patch.resize((side_px, side_px), Image.Resampling.BILINEAR)


def vary_light(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Return the picture brighter or darker, harder or softer, a little tinted, with grain."""
    values = np.asarray(image, dtype=np.float64)
    contrast, tint = random.uniform(0.6, 1.2), random.uniform(0.85, 1.15, 3)
    values = (values - 128) * contrast * tint + 128 + random.uniform(-35, 35)
    values += random.normal(0, random.uniform(1, 7), values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def choose_ink(below: Image.Image, random: np.random.Generator, least: float = 70.0) -> tuple[int, int, int]:
    """Return a colour that stands out from what lies below it by at least about `least` levels."""
    mean = np.asarray(below, dtype=np.float64).reshape(-1, 3).mean(axis=0)
    away = -1.0 if mean.mean() > 127 else 1.0
    red, green, blue = np.clip(mean + away * random.uniform(least, 170, 3), 0, 255).astype(int).tolist()
    return red, green, blue

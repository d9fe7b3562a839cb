"""Pictures of dahlias of several colours before leaves or a landscape, with a box around each, for object detection.

Everything in them is cut from photographs: the dahlia is turned, foreshortened, scaled and toned, the background
lies out of focus. Owns that composition. Deterministic for a generator. Must not do: I/O, or choose what belongs to
which part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from darkroom_trainer.samples.digits import Pixels
from darkroom_trainer.samples.photographs import Photographs
from darkroom_trainer.samples.scenes import measure_overlap

PICTURE_PX: Final = 128
_DAHLIAS: Final = (1, 5)
_DIAMETER_PX: Final = (26, 62)
_MAX_OVERLAP: Final = 0.25
_PLACING_TRIES: Final = 40
_LEAVES_SHARE: Final = 0.35
_HUES: Final = 256
"""As Pillow counts them around the colour circle."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Tone:
    """How the orange dahlia takes on another colour: its hue turned by degrees, saturation and brightness scaled."""

    hue_degrees: float
    saturation: float
    brightness: float


TONES: Final[Mapping[str, Tone]] = {
    "white": Tone(12, 0.1, 1.0),
    "orange": Tone(0, 1.0, 1.0),
    "green": Tone(62, 0.65, 0.92),
    "pink": Tone(-42, 0.8, 1.0),
    "yellow": Tone(22, 1.0, 1.0),
    "violet": Tone(-96, 0.8, 0.82),
}
TAGS: Final = tuple(TONES)


@dataclass(frozen=True)
class PlacedDahlia:
    """A dahlia in a picture; the box is left, top, width, height in pixels, around it as if nothing covered it."""

    tag: str
    box: Box


@dataclass(frozen=True)
class Bouquet:
    """uint8 (PICTURE_PX, PICTURE_PX, 3) and what is in it."""

    pixels: Pixels
    placed: tuple[PlacedDahlia, ...]


def tone_dahlias(dahlia: Image.Image) -> dict[str, Image.Image]:
    """Return the cut-out dahlia in every colour, by tag."""
    return {tag: _tone(dahlia, tone) for tag, tone in TONES.items()}


def draw_bouquet(photographs: Photographs, dahlias: Mapping[str, Image.Image], random: np.random.Generator) -> Bouquet:
    """Return a picture of one to five of the `dahlias` (by tag) before a piece of the photographs, small behind."""
    canvas = _choose_background(photographs, random)
    placed: list[PlacedDahlia] = []
    count = int(random.integers(_DAHLIAS[0], _DAHLIAS[1] + 1))
    for diameter in np.sort(random.integers(*_DIAMETER_PX, size=count)).tolist():
        tag = TAGS[int(random.integers(len(TAGS)))]
        dahlia = _turn(dahlias[tag], diameter, random)
        box = _find_spot(dahlia.size, placed, random)
        if box is not None:
            _paste(canvas, dahlia, box, random)
            placed.append(PlacedDahlia(tag, box))
    return Bouquet(_expose(canvas, random), tuple(placed))


def _tone(dahlia: Image.Image, tone: Tone) -> Image.Image:
    hue, saturation, brightness = dahlia.convert("RGB").convert("HSV").split()
    turn = round(tone.hue_degrees / 360 * _HUES)
    toned = Image.merge(
        "HSV",
        (
            hue.point([(value + turn) % _HUES for value in range(_HUES)]),
            saturation.point([min(255, round(value * tone.saturation)) for value in range(256)]),
            brightness.point([min(255, round(value * tone.brightness)) for value in range(256)]),
        ),
    ).convert("RGB")
    toned.putalpha(dahlia.getchannel("A"))
    return toned


def _choose_background(photographs: Photographs, random: np.random.Generator) -> Image.Image:
    """Return leaves as they are, or the lower part of the landscape out of focus: dahlias do not hang in the sky."""
    among_leaves = random.random() < _LEAVES_SHARE
    source = photographs.leaves if among_leaves else photographs.landscape
    high, wide = source.shape[:2]
    side = int(random.integers(110, min(wide, 230)))
    top = int(random.integers(0 if among_leaves else high // 3, high - side + 1))
    left = int(random.integers(0, wide - side + 1))
    piece = Image.fromarray(source[top : top + side, left : left + side])
    canvas = piece.resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BICUBIC)
    if not among_leaves:
        canvas = canvas.filter(ImageFilter.GaussianBlur(float(random.uniform(0.6, 1.7))))
    return canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else canvas


def _turn(dahlia: Image.Image, diameter: int, random: np.random.Generator) -> Image.Image:
    """Return the dahlia from another side, scaled and cut to its outline."""
    small = dahlia.resize((2 * diameter, 2 * diameter), Image.Resampling.BOX)
    turned = small.rotate(float(random.uniform(0, 360)), Image.Resampling.BICUBIC)
    squeezed = turned.resize((diameter, round(diameter * random.uniform(0.78, 1.0))), Image.Resampling.LANCZOS)
    tilted = squeezed.rotate(float(random.uniform(-40, 40)), Image.Resampling.BICUBIC, expand=True)
    return tilted.crop(tilted.getchannel("A").point(lambda alpha: 255 * (alpha > 127)).getbbox())


def _find_spot(size: tuple[int, int], placed: list[PlacedDahlia], random: np.random.Generator) -> Box | None:
    """Return the box of a dahlia that covers no other by much, or None where the picture is full."""
    for _ in range(_PLACING_TRIES):
        left, top = (int(random.integers(0, PICTURE_PX - side + 1)) for side in size)
        box = (left, top, *size)
        if all(measure_overlap(box, other.box) <= _MAX_OVERLAP for other in placed):
            return box
    return None


def _paste(canvas: Image.Image, dahlia: Image.Image, box: Box, random: np.random.Generator) -> None:
    """Put a dahlia over its soft shadow, in light of its own."""
    left, top, width, _ = box
    outline = dahlia.getchannel("A")
    shadow = Image.new("L", canvas.size)
    shadow.paste(outline.point(lambda alpha: alpha * 2 // 5), (left + width // 16, top + width // 10))
    canvas.paste((6, 10, 8), (0, 0), shadow.filter(ImageFilter.GaussianBlur(width / 12)))
    light = random.uniform(0.78, 1.06)
    canvas.paste(dahlia.convert("RGB").point(lambda value: min(255, round(value * light))), (left, top), outline)


def _expose(canvas: Image.Image, random: np.random.Generator) -> Pixels:
    """Return the picture in a light that falls off to one side, with the grain of a sensor."""
    ramp = np.linspace(-1, 1, PICTURE_PX)
    slope = random.uniform(-0.15, 0.15, size=2)
    light = random.uniform(0.82, 1.06) * (1 + ramp[:, None] * slope[0] + ramp[None, :] * slope[1])
    values = np.asarray(canvas, dtype=np.float64) * light[:, :, None] * random.uniform(0.95, 1.05, size=3)
    grain = random.normal(0, 2.5, size=values.shape)
    return np.asarray(np.clip(values + grain, 0, 255), dtype=np.uint8)

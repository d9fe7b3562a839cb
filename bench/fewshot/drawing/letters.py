"""The set `letters`: 26 capitals in two typefaces and many weights, turned, sheared and scaled on pale photographs.

Owns the drawing. The typefaces are the two that Pillow carries, so that the set is the same on every machine.
"""

import math
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.fewshot.drawing.pictures import Picture, choose_ink, draw_ground, vary_light

LETTERS: Final = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
SIDE_PX: Final = 64
MASK_PX: Final = 96
MAX_TURN_DEGREES: Final = 12.0
MAX_SHEAR: Final = 0.2
MAX_SHIFT_PX: Final = 4.0
GROUND_SHARE: Final = 0.35


def draw_letter(label: int, random: np.random.Generator, *, for_test: bool) -> Picture:
    """Return a picture of a letter."""
    ground = _calm(draw_ground(SIDE_PX, random, for_test=for_test))
    mask = _bend(_draw_mask(LETTERS[label], random), random)
    ink = choose_ink(ground.crop((16, 16, 48, 48)), random)
    ground.paste(Image.new("RGB", ground.size, ink), mask=mask)
    return Picture(np.asarray(vary_light(ground, random)), (label,))


def _calm(ground: Image.Image) -> Image.Image:
    """Return the ground pale and with less contrast, as a printed page has, so that few images can tell letters."""
    return Image.blend(Image.new("RGB", ground.size, "white"), ground, GROUND_SHARE)


def _draw_mask(letter: str, random: np.random.Generator) -> Image.Image:
    """Return the letter's shape in the middle of a square of MASK_PX, in one of three looks."""
    look = int(random.integers(3))
    if look == 2:
        return _draw_small_type(letter)
    mask = Image.new("L", (MASK_PX, MASK_PX))
    weight = int(random.integers(0, 4))
    font = ImageFont.load_default(66)
    draw = ImageDraw.Draw(mask)
    middle = (MASK_PX / 2, MASK_PX / 2)
    draw.text(middle, letter, fill=255, font=font, anchor="mm", stroke_width=weight)
    if look == 1:
        inner = Image.new("L", mask.size)
        ImageDraw.Draw(inner).text(middle, letter, fill=255, font=font, anchor="mm", stroke_width=0)
        mask.paste(0, mask=inner)
        draw.text(middle, letter, fill=0, font=font, anchor="mm", stroke_width=3, stroke_fill=255)
    return mask


def _draw_small_type(letter: str) -> Image.Image:
    """Return the letter in Pillow's bitmap type of 11 pixels, enlarged and smoothed."""
    small = Image.new("L", (11, 11))
    ImageDraw.Draw(small).text((3, 0), letter, fill=255, font=ImageFont.load_default_imagefont())
    box = small.getbbox() or (0, 0, 11, 11)
    cut = small.crop((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1))
    large = cut.resize((cut.width * 7, cut.height * 7), Image.Resampling.BICUBIC)
    mask = Image.new("L", (MASK_PX, MASK_PX))
    mask.paste(large, ((MASK_PX - large.width) // 2, (MASK_PX - large.height) // 2))
    return mask


def _bend(mask: Image.Image, random: np.random.Generator) -> Image.Image:
    """Return the shape turned, sheared, scaled and moved, SIDE_PX wide."""
    turn = math.radians(random.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES))
    scale, shear = random.uniform(1.2, 1.7), random.uniform(-MAX_SHEAR, MAX_SHEAR)
    x, y = SIDE_PX / 2 + random.uniform(-MAX_SHIFT_PX, MAX_SHIFT_PX, 2)
    a, b = scale * math.cos(turn), scale * (shear - math.sin(turn))
    d, e = scale * math.sin(turn), scale * math.cos(turn)
    middle = MASK_PX / 2
    data = (a, b, middle - a * x - b * y, d, e, middle - d * x - e * y)
    return mask.transform((SIDE_PX, SIDE_PX), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)

"""How large images have to be for what is in them to be kept, and so at which size they are decoded.

Owns the measure and the choice; many images are stored larger than what they show, and every pixel that shows nothing
costs training. Must not know tasks or recipes.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from darkroom_predict.images import ImageProblem, use_picture
from darkroom_storage.errors import StorageError
from darkroom_trainer.data import originals
from darkroom_trainer.data.records.dataset import Example

SIDES_PX: Final = (32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 512)
SIDE_STEP_PX: Final = 32
MOST_IMAGES: Final = 24
LARGEST_ERROR: Final = 0.02
"""Root mean square difference, where white is 1, between an image and the same made small and large again: less than
the noise of a camera."""


def measure_detail_side(examples: Sequence[Example]) -> float:
    """Return the side, in pixels, that keeps the detail of three in four of these images (a sample of them)."""
    step = max(1, len(examples) // MOST_IMAGES)
    sides = [_measure_file(example) for example in examples[::step][:MOST_IMAGES]]
    if len(sides) < 2:
        return float(sides[0])
    return float(statistics.quantiles(sides, n=4)[-1])


def choose_decoded_side(network_px: int, detail_px: float, frozen_px: Sequence[int]) -> int:
    """Return the side that images are decoded at: what is trained and what is frozen get what they need of it.

    A frozen network gets its own size where the images have the detail for it; the trained one shrinks for itself.
    """
    useful_px = math.ceil(detail_px / SIDE_STEP_PX) * SIDE_STEP_PX
    return max(network_px, min(useful_px, max(frozen_px, default=0)))


def _measure_file(example: Example) -> int:
    try:
        return use_picture(originals.read_bytes(example), measure_picture, draft_px=2 * SIDES_PX[-1])
    except (OSError, ImageProblem, StorageError):
        return max(example.width, example.height)


def measure_picture(picture: Image.Image) -> int:
    """Return the least of `SIDES_PX` that keeps the picture's detail; its own longer side where none does."""
    grey = picture.convert("L")
    longest = max(grey.size)
    original = np.asarray(grey, dtype=np.float32) / 255
    for side in SIDES_PX:
        if side >= longest:
            break
        small = grey.resize((side, side), Image.Resampling.BILINEAR)
        again = np.asarray(small.resize(grey.size, Image.Resampling.BICUBIC), dtype=np.float32) / 255
        if float(np.sqrt(np.mean((again - original) ** 2))) <= LARGEST_ERROR:
            return side
    return longest

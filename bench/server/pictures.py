"""The pictures that are sent: a photograph's size and detail, always the same."""

import io

import numpy as np
from PIL import Image

from darkroom_predict.images import Pixels

SIDE_PX = 224
PHOTO_PX = (640, 480)


def draw_photo(seed: int = 3) -> bytes:
    """Return a JPEG of smooth noise."""
    noise = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize(PHOTO_PX, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def draw_pixels(count: int) -> Pixels:
    """Return decoded images."""
    return np.random.default_rng(4).integers(0, 256, (count, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)

"""Small pictures beside a run's other files, for whoever may read those and not the images themselves.

Owns their names, size and form. Must not choose the images, or do any I/O.
"""

import io
from typing import Final

from PIL import Image

FOLDER: Final = "previews"
SIDE_PX: Final = 640
"""Of the longer side."""
QUALITY: Final = 82


def name_preview(number: int) -> str:
    """Return the name, with its folder, of the preview of an image by its number, from 1."""
    return f"{FOLDER}/{number:06d}.jpg"


def encode_preview(picture: Image.Image) -> bytes:
    """Return an upright RGB picture as a small JPEG; a smaller one keeps its size."""
    buffer = io.BytesIO()
    shrink(picture).save(buffer, format="JPEG", quality=QUALITY)
    return buffer.getvalue()


def shrink(picture: Image.Image) -> Image.Image:
    """Return a picture whose sides are at most `SIDE_PX`, in its own aspect."""
    share = SIDE_PX / max(picture.size)
    if share >= 1:
        return picture
    width, height = (max(1, round(side * share)) for side in picture.size)
    # A gap of 2 looks the same and takes seven times as long at a megapixel.
    return picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=1.0)

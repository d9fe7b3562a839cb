"""Photos in bytes: decoded within bounds on their number and pixels, and written as JPEG.

Must not know what becomes of them.
"""

import contextlib
import io
from collections.abc import Iterator, Mapping
from typing import Final

from PIL import Image

from darkroom_predict.images import ImageProblem, count_pixels, open_picture
from darkroom_shelf.errors import ShelfProblem

MIN_PHOTOS: Final = 2
MAX_PHOTOS: Final = 20
MAX_INPUT_PIXELS: Final = 100_000_000
"""Of all photos together, decoded at once: 400 MB in Pillow, and 300 MB more where OpenCV reads them."""
MAX_OUTPUT_PIXELS: Final = 100_000_000
"""Of a picture that is made of them."""
JPEG_QUALITY: Final = 92


def check_count(count: int) -> None:
    """Raise ShelfProblem unless so many photos can be joined."""
    if not MIN_PHOTOS <= count <= MAX_PHOTOS:
        raise ShelfProblem(f"there are {count:,}; give {MIN_PHOTOS} to {MAX_PHOTOS} photos", "images")


def decode_photos(photos: Mapping[str, bytes]) -> list[Image.Image]:
    """Return photos, given by their names, upright in RGB; raises ShelfProblem naming one that cannot be used."""
    bounds = PhotoBounds()
    for name, data in photos.items():
        bounds.check(name, data)
    return [_decode(name, data) for name, data in photos.items()]


class PhotoBounds:
    """Counts the pixels of photos that are joined, as they come: none need be decoded, or fetched, for nothing."""

    def __init__(self) -> None:
        self._pixels = 0

    def check(self, name: str, data: bytes) -> None:
        """Raise ShelfProblem for a photo that is none, or with which there are too many pixels."""
        with _explained(name):
            self._pixels += count_pixels(data)
        if self._pixels > MAX_INPUT_PIXELS:
            text = f"the photos up to here have {self._pixels:,} pixels, at most {MAX_INPUT_PIXELS:,} together"
            raise ShelfProblem(f"{text}; give fewer or smaller ones", name)


def _decode(name: str, data: bytes) -> Image.Image:
    with _explained(name):
        return open_picture(data)


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except ImageProblem as problem:
        raise ShelfProblem(f"the image {problem}", name) from problem


def encode_jpeg(picture: Image.Image) -> bytes:
    """Return a picture as JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()

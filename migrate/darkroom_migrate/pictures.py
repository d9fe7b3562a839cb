"""What the bytes of an image are: its kind, and its size as it is shown. Must not do: I/O, or believe a name."""

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from darkroom_predict import images

_KINDS: Final = {
    "JPEG": ("jpg", "image/jpeg"),
    "MPO": ("jpg", "image/jpeg"),
    "PNG": ("png", "image/png"),
    "BMP": ("bmp", "image/bmp"),
    "GIF": ("gif", "image/gif"),
    "WEBP": ("webp", "image/webp"),
    "TIFF": ("tiff", "image/tiff"),
    "ICO": ("ico", "image/x-icon"),
}


@dataclass(frozen=True)
class Picture:
    """What a picture is. `size` is in pixels after EXIF rotation."""

    size: images.ImageSize
    suffix: str
    media_type: str


def examine(data: bytes) -> Picture:
    """Return what a picture is, which was decoded to its last byte; raises ImageProblem."""
    size = images.measure_picture(data)
    with Image.open(io.BytesIO(data)) as picture:
        suffix, media_type = _KINDS[picture.format or ""]
    return Picture(size, suffix, media_type)

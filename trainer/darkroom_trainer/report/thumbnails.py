"""Small pictures inside the page: JPEG as data: addresses.

Owns their size and quality. Must not draw on them: boxes are drawn by the page, sharp at every width.
"""

import base64
import io
from collections.abc import Callable
from typing import Any, Final

from PIL import Image

from darkroom_predict.images import ImageProblem, use_picture
from darkroom_storage.errors import StorageError

SIDE_PX: Final = 256
QUALITY: Final = 80
MAX_BYTES: Final = 40_000
"""A picture of noise at this side and quality; the worst case of all of a page's pictures stays below a megabyte."""
MAX_FILE_BYTES: Final = 10_000_000
"""A larger file takes longer to decode than a picture in a report is worth."""


def limit(has_time: Callable[[], bool], seconds: float, clock: Callable[[], float]) -> Callable[[], bool]:
    """Return whether there is time for another picture: as `has_time` says, and at most for `seconds` from now."""
    ends_at = clock() + seconds
    return lambda: clock() < ends_at and has_time()


def make_thumbnail(read: Callable[[], bytes]) -> dict[str, Any] | None:
    """Return a picture's `data` address with its real `width` and `height` in pixels; None where it cannot be read."""
    try:
        data = read()
        return use_picture(data, _encode, SIDE_PX) if len(data) <= MAX_FILE_BYTES else None
    except (OSError, ImageProblem, StorageError):
        return None


def _encode(picture: Image.Image) -> dict[str, Any] | None:
    small = picture.copy()
    small.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=QUALITY)
    if buffer.tell() > MAX_BYTES:
        return None
    text = base64.b64encode(buffer.getvalue()).decode()
    return {"data": f"data:image/jpeg;base64,{text}", "width": small.width, "height": small.height}

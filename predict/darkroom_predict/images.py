"""Image bytes to pixels, with everything an image from a stranger may do to us refused.

Owns formats, limits, EXIF rotation and the way to RGB. Must not do: any I/O.
"""

import contextlib
import io
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = npt.NDArray[np.uint8]
Made = TypeVar("Made")

FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "ICO", "MPO")
"""The formats of the replaced service; Pillow reads dozens more, each a way in."""
_READERS: Final = tuple(form for form in FORMATS if form != "MPO")
"""MPO (two JPEGs in one file) has no reader of its own: Pillow's JPEG reader opens it."""
MAX_IMAGE_BYTES: Final = 100_000_000
MAX_IMAGE_PIXELS: Final = 89_478_485
"""Pillow's own bound (a quarter of a GiB at three bytes a pixel), here an error and not a warning."""
MIN_SIDE_PX: Final = 10
MAX_SIDE_PX: Final = 16_000
"""The replaced service's widest documented range over training and evaluation data."""

MAX_SCANS: Final = 200
"""A progressive JPEG has about ten; each one goes over all pixels again, so a small file could take hours."""
_SCAN: Final = b"\xff\xda"
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What each orientation of EXIF asks for; 1 is upright."""

Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)

_DECODE_ERRORS: Final = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, OverflowError, struct.error,
)  # fmt: skip
"""What Pillow's decoders raise on damaged data."""
_TOO_LARGE: Final = f"is larger than {MAX_IMAGE_PIXELS:,} pixels; make it smaller"
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class ImageProblem(ValueError):
    """An image that cannot be used; the text says why and what to do."""


class NotAnImage(ImageProblem):
    """A file that is of none of the formats; the text does not say what it is, nor shows its bytes."""


@dataclass(frozen=True)
class ImageSize:
    """Real size in pixels after EXIF rotation, and whether that rotation swapped the sides."""

    width: int
    height: int
    turned: bool


class _Room:
    """Lets threads decode at once what fits into a number of pixels: sixteen of the largest images take gigabytes."""

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self._free = pixels
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, size: tuple[int, int]) -> Iterator[None]:
        """Wait for room for an image of `size`, and keep it for the block."""
        pixels = min(size[0] * size[1], self._pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


_ROOM: Final = _Room(MAX_IMAGE_PIXELS)


def open_picture(data: bytes, draft_px: int | None = None) -> Image.Image:
    """Return the decoded first frame, EXIF-rotated, RGB; raises ImageProblem.

    `draft_px` lets a JPEG be decoded at a reduced size whose sides are at least that long, which is several times
    faster.
    """
    return use_picture(data, lambda picture: picture, draft_px)


def use_picture(data: bytes, use: Callable[[Image.Image], Made], draft_px: int | None = None) -> Made:
    """Return what `use` makes of the picture that `open_picture` returns, within the room for decoded pixels."""
    return use_measured(data, use, draft_px)[1]


def use_measured(
    data: bytes, use: Callable[[Image.Image], Made], draft_px: int | None = None
) -> tuple[ImageSize, Made]:
    """Return what `use_picture` does, and before it the real size, whatever size it was decoded at."""
    image = _open(data)
    real_size = image.size
    if draft_px is not None and image.format == "JPEG":
        image.draft("RGB", (draft_px, draft_px))
    with _ROOM.take(image.size):
        _load(image)
        return _turn_size(image, real_size), use(_to_rgb(_rotate(image)))


def check_file(data: bytes) -> None:
    """Raise ImageProblem for what its first bytes tell to be no image that can be used; nothing is decoded."""
    _open(data)


def count_pixels(data: bytes) -> int:
    """Return how many pixels an image has by its first bytes; raises ImageProblem. Nothing is decoded."""
    width, height = _open(data).size
    return width * height


def measure_picture(data: bytes) -> ImageSize:
    """Return the size of an image that was decoded to its last byte; raises ImageProblem."""
    return examine_picture(data, lambda _picture, _orientation: None)[0]


def examine_picture(data: bytes, look: Callable[[Image.Image, int], Made]) -> tuple[ImageSize, Made]:
    """Return the size of an image that was decoded to its last byte, and what `look` makes of it in RGB.

    It is not turned for `look`, which is given its orientation: hardly anything that is measured depends on it. Raises
    ImageProblem.
    """
    image = _open(data)
    with _ROOM.take(image.size):
        _load(image)
        return _turn_size(image, image.size), look(_to_rgb(image), _read_orientation(image))


def turn_upright(picture: Image.Image, orientation: int) -> Image.Image:
    """Return `picture` as it is seen that EXIF gives this orientation, 1 to 8."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _turn_size(image: Image.Image, size: tuple[int, int]) -> ImageSize:
    """Return `size` as it is once the image is upright."""
    width, height = size
    return ImageSize(height, width, True) if _read_orientation(image) >= 5 else ImageSize(width, height, False)


def _open(data: bytes) -> Image.Image:
    if not data:
        raise ImageProblem("is empty (0 bytes); upload it again")
    try:
        image = Image.open(io.BytesIO(data), formats=_READERS)
    except _BOMBS as error:
        raise ImageProblem(_TOO_LARGE) from error
    except UnidentifiedImageError as error:
        raise NotAnImage(f"is not an image in {', '.join(FORMATS)}") from error
    except _DECODE_ERRORS as error:
        raise ImageProblem(_damaged(error)) from error
    _check_size(*image.size)
    if image.format == "JPEG" and data.count(_SCAN) > MAX_SCANS:
        raise ImageProblem(f"is a JPEG of {data.count(_SCAN):,} scans, at most {MAX_SCANS} are read; save it again")
    return image


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_IMAGE_PIXELS:
        raise ImageProblem(_TOO_LARGE)
    if min(width, height) < MIN_SIDE_PX or max(width, height) > MAX_SIDE_PX:
        raise ImageProblem(f"is {width} x {height} pixels; each side must be {MIN_SIDE_PX} to {MAX_SIDE_PX:,}")


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except _BOMBS as error:
        raise ImageProblem(_TOO_LARGE) from error
    except _DECODE_ERRORS as error:
        raise ImageProblem(_damaged(error)) from error


def _damaged(error: BaseException) -> str:
    return f"is truncated or damaged ({error}); upload it again"


def _read_orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; a broken EXIF block counts as none, as viewers do."""
    try:
        value = image.getexif().get(0x0112, 1)
    except _DECODE_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _rotate(image: Image.Image) -> Image.Image:
    if _read_orientation(image) == 1:
        return image
    try:
        return ImageOps.exif_transpose(image)
    except _DECODE_ERRORS as error:
        raise ImageProblem(f"has an EXIF block that cannot be read ({error}); save it again") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return RGB; deeper images than 8 bits keep their high bits, where Pillow's own conversion would clip."""
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0.0, neginf=0.0)
        levels = np.clip(values / 257 if values.max() > 255 else values, 0, 255)
        return Image.fromarray(levels.astype(np.uint8)).convert("RGB")
    return image.convert("RGB")

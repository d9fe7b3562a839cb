"""What an image looks like, in a few numbers and a small sketch, taken while it is decoded anyway.

Owns the measures: scores in [0, 1] of which low is bad, as cleanvision has them, and a perceptual hash. Pure.
Must not do: judge (`advice.py` holds the thresholds), or compare images (`duplicates.py`).
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

_SIDE_PX: Final = 256
"""Images are measured at about this size, so that a photo of twelve megapixels costs what a small one does."""
_SKETCH_PX: Final = 16
SKETCH_BYTES: Final = _SKETCH_PX**2
_HASH_PX: Final = 32
_EDGE_SCALE: Final = 100.0
_BITS_SCALE: Final = 10.0
_GREYS: Final = np.arange(256, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Look:
    """One image: a hash of its bytes, a perceptual hash, a grey sketch of 16 x 16, scores and std of grey levels."""

    content: bytes
    perceptual: int
    sketch: bytes
    dark: float
    light: float
    blurry: float
    detail: float
    std: float


def measure_look(data: bytes, picture: Image.Image) -> Look:
    """Return the look of an RGB `picture` whose file is `data`."""
    small = picture.reduce(max(1, min(picture.size) // _SIDE_PX))
    grey = small.convert("L")
    levels = _Levels(grey)
    low, high = (levels.find_percentile(share) / 255 for share in (0.05, 0.99))
    return Look(
        content=hashlib.blake2b(data, digest_size=16).digest(),
        perceptual=_hash(grey),
        sketch=grey.resize((_SKETCH_PX, _SKETCH_PX), Image.Resampling.BOX).tobytes(),
        dark=float(high),
        light=float(1 - low),
        blurry=_score_sharpness(grey),
        detail=min(1.0, grey.entropy() / _BITS_SCALE),
        std=math.sqrt(levels.compute_variance()),
    )


def _score_sharpness(grey: Image.Image) -> float:
    """Return a score of how much the edges vary: 0 for none, near 1 for a sharp image."""
    grey = grey.copy()
    grey.thumbnail((_SIDE_PX, _SIDE_PX))
    edges = grey.filter(ImageFilter.FIND_EDGES)
    inner = edges.crop((1, 1, edges.width - 1, edges.height - 1))  # the filter leaves the border as it was
    return 1 - math.exp(-_Levels(inner).compute_variance() / _EDGE_SCALE)


class _Levels:
    """How often each grey level occurs: what follows from that costs the same for an image of any size."""

    def __init__(self, grey: Image.Image) -> None:
        self._counts = np.array(grey.histogram(), dtype=np.int64)

    def find_percentile(self, share: float) -> float:
        """Return the level that `share` of the pixels do not pass, between two levels in proportion."""
        passed = np.cumsum(self._counts)
        place = share * float(passed[-1] - 1)
        below, above = np.searchsorted(passed, [math.floor(place), math.ceil(place)], side="right").tolist()
        return float(below + (above - below) * (place - math.floor(place)))

    def compute_variance(self) -> float:
        """Return the variance of the levels."""
        total = int(self._counts.sum())
        mean = float(self._counts @ _GREYS) / total
        return float(self._counts @ (_GREYS - mean) ** 2) / total


def _build_cosines() -> npt.NDArray[np.float64]:
    place = np.arange(_HASH_PX)
    return np.asarray(np.cos(np.pi / _HASH_PX * (place[None, :] + 0.5) * np.arange(8)[:, None]))


_COSINES: Final = _build_cosines()


def _hash(grey: Image.Image) -> int:
    """Return 64 bits: which of the lowest 8 x 8 frequencies are above their median."""
    pixels = np.asarray(grey.resize((_HASH_PX, _HASH_PX), Image.Resampling.BOX), dtype=np.float64)
    waves = _COSINES @ pixels @ _COSINES.T
    bits = waves > np.median(waves.ravel()[1:])
    return int.from_bytes(np.packbits(bits.ravel()).tobytes(), "big")

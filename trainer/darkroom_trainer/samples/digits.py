"""The handwritten digits that scikit-learn ships, split for training and evaluation.

Owns the source and the split. They are the 1,797 images of the test part of the UCI set "Optical Recognition of
Handwritten Digits" (Alpaydin and Kaynak, 1998), written by 13 people none of whom wrote for its training part. The
copy does not say who wrote which digit, so evaluation cannot be kept to people unseen in training; the split is by
blocks of neighbouring images instead, in which one writer's digits mostly stand together. No image is in both parts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_digits

_BLOCK: Final = 45
_EVALUATION_EVERY: Final = 5
_SOURCE_LEVELS: Final = 16

Pixels = npt.NDArray[np.uint8]


class Part(StrEnum):
    """What a digit is used for."""

    TRAIN = "train"
    EVALUATION = "eval"


@dataclass(frozen=True)
class Digits:
    """Ink as uint8 (N, 8, 8), 0 is paper and 255 full ink, with the digit that each shows (N,)."""

    ink: Pixels
    values: npt.NDArray[np.int64]


def load_part(part: Part) -> Digits:
    """Return the digits of one part: about 1,400 for training, 400 for evaluation, every digit in both."""
    bunch = load_digits()
    block = np.arange(len(bunch.target)) // _BLOCK
    for_evaluation = block % _EVALUATION_EVERY == _EVALUATION_EVERY - 1
    chosen = for_evaluation if part is Part.EVALUATION else ~for_evaluation
    ink = np.round(bunch.images[chosen] * (255 / _SOURCE_LEVELS)).astype(np.uint8)
    return Digits(ink, bunch.target[chosen].astype(np.int64))


def choose_shots(digits: Digits, shots: int, random: np.random.Generator) -> Digits:
    """Return `shots` digits of each class, drawn at random; ValueError where a class has fewer."""
    fewest = int(np.bincount(digits.values, minlength=10).min())
    if shots > fewest:
        raise ValueError(f"--shots {shots}: the rarest digit has only {fewest} images")
    picked = [random.permutation(np.flatnonzero(digits.values == digit))[:shots] for digit in range(10)]
    rows = np.sort(np.concatenate(picked))
    return Digits(digits.ink[rows], digits.values[rows])


def enlarge(ink: Pixels, side_px: int) -> Pixels:
    """Return one digit (8, 8) as uint8 (side_px, side_px), smoothed: the source has only 8 pixels a side."""
    return np.asarray(Image.fromarray(ink).resize((side_px, side_px), Image.Resampling.BICUBIC), dtype=np.uint8)

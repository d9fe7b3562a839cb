"""What a model says about one image, apart from the framework that computed it.

Owns one form for all tasks, in numpy. Must not import torch: metrics and pictures read it too.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Prediction:
    """K guesses about an image, best first.

    `labels` (K,) are indices into the model's labels, `scores` (K,) lie in [0, 1], `boxes` are (K, 4) relative
    left, top, width, height for a detector and (0, 4) for a classifier, whose K is the number of labels.
    """

    labels: Integers
    scores: Floats
    boxes: Floats


@dataclass(frozen=True)
class Truth:
    """What the annotations say about an image: `labels` (K,) and `boxes` (K, 4) as in Prediction."""

    labels: Integers
    boxes: Floats


def build_truth(labels: Any, boxes: Any) -> Truth:
    """Return a Truth from anything array-like."""
    return Truth(np.asarray(labels, dtype=np.int64), np.asarray(boxes, dtype=np.float32).reshape(-1, 4))

"""What a model says about one image, apart from the framework that computed it.

Owns one form for all tasks, in numpy. Must not import torch: metrics and pictures read it too.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

STACKED_OVERLAP: Final = 0.7


@dataclass(frozen=True)
class OtherTags:
    """What else each of K boxes may show: `labels` and `scores` (K, T), best first; a score of 0 is no tag."""

    labels: Integers
    scores: Floats


@dataclass(frozen=True)
class Prediction:
    """K guesses about an image, best first.

    `labels` (K,) are indices into the model's labels, `scores` (K,) lie in [0, 1], `boxes` are (K, 4) relative
    left, top, width, height for a detector and (0, 4) for a classifier, whose K is the number of labels.
    `others` is there where a model tells less likely tags of a box: they are shown, and never measured.
    """

    labels: Integers
    scores: Floats
    boxes: Floats
    others: OtherTags | None = None


@dataclass(frozen=True)
class Truth:
    """What the annotations say about an image: `labels` (K,) and `boxes` (K, 4) as in Prediction.

    `crowd` (K,) marks boxes around many things, which COCO counts for and against nobody; None where there are none.
    """

    labels: Integers
    boxes: Floats
    crowd: npt.NDArray[np.bool_] | None = None


def keep_best_of_stacked(prediction: Prediction, threshold: float) -> Prediction:
    """Return the guesses from `threshold` up, of boxes on top of each other (overlap above 0.7) only the surest.

    Scores are computed with all boxes; people want one tag for a thing.
    """
    kept: list[int] = []
    for at, score in enumerate(prediction.scores):
        boxes = prediction.boxes[[*kept, at]] if len(prediction.boxes) else prediction.boxes
        is_stacked = len(boxes) > 1 and bool((compute_overlaps(boxes[-1:], boxes[:-1]) > STACKED_OVERLAP).any())
        if score >= threshold and not is_stacked:
            kept.append(at)
    boxes = prediction.boxes[kept] if len(prediction.boxes) else prediction.boxes
    others = prediction.others and OtherTags(prediction.others.labels[kept], prediction.others.scores[kept])
    return Prediction(prediction.labels[kept], prediction.scores[kept], boxes, others)


def build_truth(labels: Any, boxes: Any) -> Truth:
    """Return a Truth from anything array-like."""
    return Truth(np.asarray(labels, dtype=np.int64), np.asarray(boxes, dtype=np.float32).reshape(-1, 4))


def compute_overlaps(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Floats:
    """Return the intersection over union (N, M) of boxes (N, 4) and (M, 4), left, top, width, height."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, :2] + first[:, None, 2:], second[None, :, :2] + second[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    areas = first[:, None, 2:].prod(axis=2) + second[None, :, 2:].prod(axis=2)
    overlaps: Floats = common / np.maximum(areas - common, 1e-12)
    return overlaps

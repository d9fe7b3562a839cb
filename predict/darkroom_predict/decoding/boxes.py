"""A dense head's numbers to boxes: geometry of cells, the best candidates, one box for a thing.

Owns what counts as found. Must not know labels' names. The trainer's dense head has the same geometry in torch,
since the loss needs its gradient.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from darkroom_predict.decoding.tags import compute_sigmoid
from darkroom_predict.predictions import Floats, Integers, Prediction

MAX_LOG_SIZE: Final = 6.0
LEAST_SCORE: Final = 0.05
MAX_CANDIDATES: Final = 300
NMS_OVERLAP: Final = 0.5
LEAST_WEIGHT: Final = 1e-9
"""Of a box in its own vote: a box without area overlaps nothing, not even itself."""
_LEAST_LOGIT: Final = math.log(LEAST_SCORE / (1 - LEAST_SCORE)) - 1e-3
"""A little below the logit of LEAST_SCORE, for rounding."""


def decode_cells(outputs: Floats) -> list[Prediction]:
    """Return the boxes of each image after non-maximum suppression and a vote, best first.

    `outputs` (B, L, C + 4) are, for each cell of a square picture, rows first: tag logits, then the middle and the
    logarithm of the size of a box in strides from the cell.
    """
    return [_select(image) for image in outputs]


def decode_corners(numbers: Floats, cells: Integers, num_cells: int) -> Floats:
    """Return relative left, top, right, bottom (K, 4), not cut at the picture's edges, of boxes of the given cells."""
    side = math.isqrt(num_cells)
    positions = np.stack([cells % side, cells // side], axis=-1).astype(np.float32)
    middles = (positions + np.float32(0.5)) / np.float32(side) + numbers[..., :2] / np.float32(side)
    halves = np.exp(np.minimum(numbers[..., 2:], MAX_LOG_SIZE)) / np.float32(2 * side)
    corners: Floats = np.concatenate([middles - halves, middles + halves], axis=-1)
    return corners


def _select(outputs: Floats) -> Prediction:
    num_labels = outputs.shape[1] - 4
    positions, scores = _choose_candidates(outputs[:, :num_labels].ravel())
    cells, labels = positions // num_labels, positions % num_labels
    corners = np.clip(decode_corners(outputs[cells, num_labels:], cells, len(outputs)), 0, 1)
    kept, corners = merge_overlapping(corners, scores, labels)
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    return Prediction(labels=labels[kept], scores=scores[kept], boxes=boxes)


def _choose_candidates(logits: Floats) -> tuple[Integers, Floats]:
    """Return where the best logits are and their probabilities, best first."""
    positions = np.flatnonzero(logits > _LEAST_LOGIT)
    if len(positions) > MAX_CANDIDATES:
        best = np.argpartition(-logits[positions], MAX_CANDIDATES - 1)[:MAX_CANDIDATES]
        positions = np.sort(positions[best])
    positions = positions[np.argsort(-logits[positions], kind="stable")]
    scores = compute_sigmoid(logits[positions])
    is_likely = scores > LEAST_SCORE
    return positions[is_likely], scores[is_likely]


def merge_overlapping(corners: Floats, scores: Floats, labels: Integers) -> tuple[Integers, Floats]:
    """Return which boxes (K, 4), best first, non-maximum suppression keeps, and the corners that they get by a vote.

    Those over it are further guesses at the same thing, so their mean lies nearer to it than the surest of them does
    (Gidaris and Komodakis, arXiv 1505.01749). Weights fall to nothing at the least overlap: none enters with a jump.
    """
    overlaps = compute_corner_overlaps(corners)
    overlaps[labels[:, None] != labels] = 0
    kept = suppress_overlapping(overlaps)
    weights = np.maximum(overlaps[kept] - NMS_OVERLAP, 0) * scores**2
    weights[np.arange(len(kept)), kept] += LEAST_WEIGHT
    return kept, (weights / weights.sum(axis=1, keepdims=True)) @ corners


def suppress_overlapping(overlaps: Floats) -> Integers:
    """Return which boxes, best first, are kept by their overlaps (K, K): each suppresses later ones over it."""
    suppressed_by = overlaps > NMS_OVERLAP
    is_kept = np.ones(len(overlaps), dtype=np.bool_)
    for at in np.flatnonzero(np.triu(suppressed_by, 1).any(axis=1)):
        if is_kept[at]:
            is_kept[at + 1 :] &= ~suppressed_by[at, at + 1 :]
    return np.flatnonzero(is_kept)


def compute_corner_overlaps(corners: Floats) -> npt.NDArray[np.float32]:
    """Return the intersection over union (K, K) of boxes left, top, right, bottom (K, 4) with each other."""
    left, top, right, bottom = corners.T
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    height = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    common = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (right - left) * (bottom - top)
    united = areas[:, None] + areas - common
    overlaps: npt.NDArray[np.float32] = np.divide(common, united, out=np.zeros_like(common), where=united > 0)
    return overlaps

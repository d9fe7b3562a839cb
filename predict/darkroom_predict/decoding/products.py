"""A product recognizer's cells to boxes: which boxes there are is settled first, and no product has a say in it.

Must not know labels' names.
"""

from typing import Final

import numpy as np

from darkroom_predict.decoding import boxes
from darkroom_predict.decoding.tags import compute_sigmoid
from darkroom_predict.predictions import Floats, Prediction

TAGS: Final = 2
"""Product and gap; then the cell's label and the probability of that label, then the box's four numbers."""


def decode_products(outputs: Floats) -> list[Prediction]:
    """Return the boxes of each image after non-maximum suppression over everything, best first.

    `outputs` (B, L, 8) as the network gives them; a score is that of the box times that of its label.
    """
    return [_select(image) for image in outputs]


def find_boxes(outputs: Floats) -> tuple[np.ndarray, Floats, Floats]:
    """Return the cells (K,) of one image (L, 8) that tell a box, surest first, their confidences and corners (K, 4)."""
    logits = outputs[:, :TAGS].max(axis=1)
    cells = np.argsort(-logits, kind="stable")[: boxes.MAX_CANDIDATES]
    scores = compute_sigmoid(logits[cells])
    cells, scores = cells[scores > boxes.LEAST_SCORE], scores[scores > boxes.LEAST_SCORE]
    corners = np.clip(boxes.decode_corners(outputs[cells, -4:], cells, len(outputs)), 0, 1)
    kept, corners = boxes.merge_overlapping(corners, scores, np.zeros(len(cells), dtype=np.int64))
    return cells[kept], scores[kept], corners


def _select(outputs: Floats) -> Prediction:
    cells, scores, corners = find_boxes(outputs)
    scores = scores * outputs[cells, TAGS + 1]
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > 0]
    corners = corners[order]
    return Prediction(
        labels=np.rint(outputs[cells[order], TAGS]).astype(np.int64),
        scores=scores[order].astype(np.float32),
        boxes=np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1),
    )

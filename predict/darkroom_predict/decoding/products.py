"""A product recognizer's cells to boxes: which boxes there are is settled first, and no product has a say in it.

Must not know labels' names.
"""

from typing import Final

import numpy as np

from darkroom_predict.decoding import boxes
from darkroom_predict.decoding.tags import compute_sigmoid
from darkroom_predict.predictions import Floats, OtherTags, Prediction

TAGS: Final = 2
"""Product and gap; then up to MOST_NAMES labels of the cell, each with its probability, then the box's four numbers."""
MOST_NAMES: Final = 5
"""As many as the replaced service gave of a product."""


def decode_products(outputs: Floats) -> list[Prediction]:
    """Return the boxes of each image after non-maximum suppression over everything, best first.

    `outputs` (B, L, 6 + 2 N) as the network gives them, with N names; a score is that of the box times that of its
    name.
    """
    return [_select(image) for image in outputs]


def find_boxes(outputs: Floats) -> tuple[np.ndarray, Floats, Floats]:
    """Return the cells (K,) of one image (L, 6 + 2 N) that tell a box, surest first.

    Also their confidences and corners (K, 4).
    """
    logits = outputs[:, :TAGS].max(axis=1)
    cells = np.argsort(-logits, kind="stable")[: boxes.MAX_CANDIDATES]
    scores = compute_sigmoid(logits[cells])
    cells, scores = cells[scores > boxes.LEAST_SCORE], scores[scores > boxes.LEAST_SCORE]
    corners = np.clip(boxes.decode_corners(outputs[cells, -4:], cells, len(outputs)), 0, 1)
    kept, corners = boxes.merge_overlapping(corners, scores, np.zeros(len(cells), dtype=np.int64))
    return cells[kept], scores[kept], corners


def _select(outputs: Floats) -> Prediction:
    cells, sure, corners = find_boxes(outputs)
    named = outputs[cells, TAGS:-4].reshape(len(cells), (outputs.shape[-1] - TAGS - 4) // 2, 2)
    labels = np.rint(named[..., 0]).astype(np.int64)
    scores = (sure[:, None] * named[..., 1]).astype(np.float32)
    order = np.argsort(-scores[:, 0], kind="stable")
    order = order[scores[order, 0] > 0]
    labels, scores, corners = labels[order], scores[order], corners[order]
    return Prediction(
        labels=labels[:, 0],
        scores=scores[:, 0],
        boxes=np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1),
        others=OtherTags(labels[:, 1:], scores[:, 1:]),
    )

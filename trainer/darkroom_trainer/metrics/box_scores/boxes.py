"""All boxes of many images in one table, for scores that look at one tag at a time.

Owns the table's form. Must not judge boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from darkroom_predict.predictions import Integers, Prediction, Truth
from darkroom_trainer.metrics.statistics.curves import Flags, Scores

MAX_BOXES: Final = 300
"""Boxes of one tag in one image that count: the surest."""
SIDE: Final = 1000.0
"""Relative boxes are scaled up, as COCO's code was written for pixels; overlaps do not depend on it."""


@dataclass(frozen=True)
class BoxTable:
    """Boxes (K, 4) as left, top, width, height with their image, label, score and whether they outline a crowd (K,)."""

    images: Integers
    labels: Integers
    scores: Scores
    boxes: Scores
    crowd: Flags

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: Integers | Flags) -> "BoxTable":
        """Return the table of these rows only."""
        return BoxTable(self.images[rows], self.labels[rows], self.scores[rows], self.boxes[rows], self.crowd[rows])

    def forget_labels(self) -> "BoxTable":
        """Return the table as if there were one tag."""
        return replace(self, labels=np.zeros_like(self.labels))


def tabulate_predictions(predictions: Sequence[Prediction]) -> BoxTable:
    """Return the predicted boxes by falling score, at most `MAX_BOXES` of a tag in an image."""
    labels = _join([prediction.labels for prediction in predictions], np.int64)
    scores = _join([prediction.scores for prediction in predictions], np.float64)
    table = _tabulate([prediction.boxes for prediction in predictions], labels, scores, np.zeros(len(labels), bool))
    table = table.take(np.argsort(-scores, kind="stable"))
    return table.take(np.sort(np.concatenate([rows[:MAX_BOXES] for rows in group_rows(table)] or [table.images])))


def tabulate_truths(truths: Sequence[Truth]) -> BoxTable:
    """Return the true boxes in their order."""
    labels = _join([truth.labels for truth in truths], np.int64)
    crowd = [np.zeros(len(truth.labels), bool) if truth.crowd is None else truth.crowd for truth in truths]
    return _tabulate([truth.boxes for truth in truths], labels, np.ones(len(labels)), _join(crowd, bool))


def group_rows(table: BoxTable) -> list[Integers]:
    """Return the rows of each pair of image and label, in the table's order."""
    if not len(table):
        return []
    keys = compute_keys(table)
    order = np.argsort(keys, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)


def compute_keys(table: BoxTable) -> Integers:
    """Return a number (K,) for each pair of image and label."""
    return (table.images << 32) | table.labels


def _tabulate(boxes: Sequence[object], labels: Integers, scores: Scores, crowd: Flags) -> BoxTable:
    rows = [np.asarray(part, dtype=np.float64).reshape(-1, 4) for part in boxes]
    images = np.repeat(np.arange(len(rows), dtype=np.int64), [len(part) for part in rows])
    stacked = np.concatenate([*rows, np.zeros((0, 4))]) * SIDE
    return BoxTable(images, labels, scores, stacked, crowd)


def _join(parts: Sequence[object], kind: type) -> np.ndarray:
    return np.concatenate([*(np.asarray(part, dtype=kind) for part in parts), np.zeros(0, kind)])

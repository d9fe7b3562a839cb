"""Which predicted box found which true one, by COCO's rule at one overlap.

Needed beside faster-coco-eval, which tells precision but not which box was right: thresholds, confusion, curves of one
operating point and intervals rest on that. Tests hold it against pycocotools box by box. Must not compute averages.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_predict.predictions import Integers, compute_overlaps
from darkroom_trainer.metrics.box_scores.boxes import BoxTable, compute_keys, group_rows
from darkroom_trainer.metrics.statistics.counts import Counts
from darkroom_trainer.metrics.statistics.curves import Flags, Scores

NOTHING: Final = -1


@dataclass(frozen=True)
class Matches:
    """For each predicted box (K,) the row of the true box that it found, or `NOTHING`; `ignored` ones found a crowd."""

    truth_rows: Integers
    ignored: Flags

    @property
    def right(self) -> Flags:
        """Return which predicted boxes are right (K,)."""
        return np.asarray((self.truth_rows != NOTHING) & ~self.ignored)

    def take(self, rows: Flags) -> "Matches":
        """Return the matches of these predicted boxes only."""
        return Matches(self.truth_rows[rows], self.ignored[rows])


def match_boxes(found: BoxTable, truth: BoxTable, overlap: float) -> Matches:
    """Give each true box to the surest predicted box of its tag and image that covers it; `found` is by falling score.

    A crowd may be found many times; what finds it is neither right nor false.
    """
    truth_rows = np.full(len(found), NOTHING, dtype=np.int64)
    groups = {int(key): rows for key, rows in zip(_first_keys(truth), group_rows(truth), strict=True)}
    for key, rows in zip(_first_keys(found), group_rows(found), strict=True):
        wanted = groups.get(int(key))
        if wanted is not None:
            pairs = _match_group(_compute_overlaps(found.take(rows), truth.take(wanted)), truth.crowd[wanted], overlap)
            truth_rows[rows] = np.where(pairs == NOTHING, NOTHING, wanted[pairs])
    return Matches(truth_rows, (truth_rows != NOTHING) & np.append(truth.crowd, False)[truth_rows])


def _first_keys(table: BoxTable) -> Integers:
    return np.unique(compute_keys(table))


def _compute_overlaps(found: BoxTable, truth: BoxTable) -> Scores:
    """Return intersection over union (K, G); with a crowd, intersection over the predicted box."""
    overlaps = np.asarray(compute_overlaps(found.boxes, truth.boxes), dtype=np.float64)
    if truth.crowd.any():
        crowd = truth.boxes[truth.crowd]
        low = np.maximum(found.boxes[:, None, :2], crowd[None, :, :2])
        high = np.minimum(found.boxes[:, None, :2] + found.boxes[:, None, 2:], crowd[None, :, :2] + crowd[None, :, 2:])
        areas = np.maximum(found.boxes[:, 2:].prod(axis=1), 1e-12)
        overlaps[:, truth.crowd] = np.clip(high - low, 0, None).prod(axis=2) / areas[:, None]
    return overlaps


def _match_group(overlaps: Scores, crowd: Flags, least: float) -> Integers:
    """Return for each row the column that it finds; single boxes go before crowds, of equal overlaps the last."""
    pairs = np.full(len(overlaps), NOTHING, dtype=np.int64)
    free = ~crowd
    for row in np.flatnonzero((overlaps >= least).any(axis=1)):
        for allowed in (free, crowd):
            candidates = np.where(allowed & (overlaps[row] >= least), overlaps[row], -1.0)[::-1]
            best = len(candidates) - 1 - int(candidates.argmax())
            if candidates.max() > -1.0:
                pairs[row] = best
                free[best] = False
                break
    return pairs


def count_boxes(found: BoxTable, truth: BoxTable, matches: Matches, threshold: float, num_labels: int) -> Counts:
    """Count the boxes with at least `threshold` of each tag; crowds and what found them are left out."""
    shown = found.scores >= threshold
    right = np.bincount(found.labels[shown & matches.right], minlength=num_labels)
    false = np.bincount(found.labels[shown & ~matches.right & ~matches.ignored], minlength=num_labels)
    return Counts(right, false, np.bincount(truth.labels[~truth.crowd], minlength=num_labels) - right)


def build_box_confusion(
    found: BoxTable, truth: BoxTable, matches: Matches, threshold: float, overlap: float, num_labels: int
) -> Integers:
    """Return how often each true tag (row) was shown as each tag (column); the last row and column mean no box.

    Boxes of the right tag are paired first, and what is left by overlap alone.
    """
    shown = (found.scores >= threshold) & ~matches.ignored
    free = ~truth.crowd
    free[matches.truth_rows[shown & matches.right]] = False
    rest, missed = found.take(shown & ~matches.right), truth.take(free)
    pairs = match_boxes(rest.forget_labels(), missed.forget_labels(), overlap).truth_rows
    confusion = np.zeros((num_labels + 1, num_labels + 1), dtype=np.int64)
    right = found.labels[shown & matches.right]
    np.add.at(confusion, (right, right), 1)
    np.add.at(confusion, (np.append(missed.labels, num_labels)[pairs], rest.labels), 1)
    unseen = np.delete(missed.labels, pairs[pairs != NOTHING])
    np.add.at(confusion, (unseen, np.full(len(unseen), num_labels)), 1)
    return confusion

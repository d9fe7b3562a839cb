"""How far the mAP of a detector may be trusted: its interval over images, from matches made once.

Owns COCO's average precision of images drawn several times; at one draw of each it is the library's. Must not match
boxes again.
"""

from collections.abc import Callable

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.box_scores.boxes import BoxTable
from darkroom_trainer.metrics.box_scores.coco_scores import RECALLS
from darkroom_trainer.metrics.box_scores.matching import Matches, match_boxes
from darkroom_trainer.metrics.statistics import bootstrap
from darkroom_trainer.metrics.statistics.curves import Flags, Scores


def compute_box_interval(found: BoxTable, truth: BoxTable, images: int, overlap: float) -> bootstrap.Interval | None:
    """Return the interval of mAP at an overlap; None without truth, or where the boxes are too many to draw."""
    if truth.crowd.all():
        return None
    matches = match_boxes(found, truth, overlap)
    kept = find_needed(found, matches)
    measure = measure_mean_precision(found.take(kept), truth, matches.take(kept))
    return bootstrap.compute_interval(images, measure, work=int(kept.sum()) + len(truth))


def find_needed(found: BoxTable, matches: Matches) -> Flags:
    """Return the boxes up to the last right one of each tag: no recall depends on the others."""
    last = np.full(int(found.labels.max(initial=0)) + 1, -1)
    right = np.flatnonzero(matches.right)
    last[found.labels[right]] = right
    return np.asarray(np.arange(len(found)) <= last[found.labels])


def measure_mean_precision(found: BoxTable, truth: BoxTable, matches: Matches) -> Callable[[Integers], float]:
    """Return the score that is mAP given how often each image was drawn; NaN for a draw without truth.

    Recall grows at right boxes only, so each of them stands for the recalls that it is the first to reach.
    """
    singles = truth.take(~truth.crowd)
    num_labels = int(singles.labels.max()) + 1
    kept = np.flatnonzero(~matches.ignored & np.isin(found.labels, singles.labels))
    rows = kept[np.argsort(found.labels[kept], kind="stable")]
    labels, images = found.labels[rows], found.images[rows]
    places = np.flatnonzero(matches.right[rows])
    tags = labels[places]
    starts, firsts = np.searchsorted(labels, tags), np.searchsorted(tags, tags)

    def measure(times: Integers) -> float:
        totals = np.bincount(singles.labels, weights=times[singles.images], minlength=num_labels)
        shown, hits = _sum_up(times[images]), _sum_up(times[images[places]])
        hits = hits[1:] - hits[firsts]
        precision = _find_best_from(hits / np.maximum(1, shown[places + 1] - shown[starts]), tags)
        reached = np.searchsorted(RECALLS, hits / np.maximum(1, totals[tags]), side="right")
        gained = np.where(np.arange(len(tags)) == firsts, reached, np.diff(reached, prepend=0))
        sums = np.bincount(tags, weights=precision * gained, minlength=num_labels)[totals > 0]
        return float(sums.mean() / len(RECALLS)) if len(sums) else float("nan")

    return measure


def _sum_up(times: Integers) -> Integers:
    return np.concatenate([[0], np.cumsum(times)])


def _find_best_from(precision: Scores, tags: Integers) -> Scores:
    """Return the best precision from each place to the end of its tag's places; a step between tags parts them."""
    steps = -2.0 * tags
    return np.asarray(np.maximum.accumulate((precision + steps)[::-1])[::-1] - steps)

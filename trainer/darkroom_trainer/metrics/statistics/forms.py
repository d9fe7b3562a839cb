"""The JSON forms of scores in metrics.json: averages, curves, bins, confusion, intervals.

Owns names and what is left out where there are very many tags. Must not compute scores.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.statistics.bootstrap import CONFIDENCE, SEED, Interval
from darkroom_trainer.metrics.statistics.calibration import Bins
from darkroom_trainer.metrics.statistics.counts import Averages, Counts, Summary
from darkroom_trainer.metrics.statistics.curves import Curve

MOST_POINTS: Final = 101
MOST_DETAILED_TAGS: Final = 200
"""With more tags than this a full confusion matrix and a curve for each tag would be most of the file."""
MOST_CONFUSIONS: Final = 50


def describe_summary(summary: Summary) -> dict[str, Any]:
    """Return precision, recall and F1 over all tags."""
    return {
        "precision": describe_averages(summary.precision),
        "recall": describe_averages(summary.recall),
        "f1": describe_averages(summary.f1),
        "f1OfMeans": describe_number(summary.f1_of_means),
    }


def describe_averages(averages: Averages) -> dict[str, float]:
    """Return the averages over tags."""
    return {name: describe_number(value) for name, value in vars(averages).items()}


def describe_tag_counts(counts: Counts, tag: int) -> dict[str, Any]:
    """Return precision, recall and F1 of one tag, with the counts that they come from."""
    names = {"truths": counts.truths, "right": counts.right, "false": counts.false, "missed": counts.missed}
    shares = {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}
    numbers = {name: int(values[tag]) for name, values in names.items()}
    return {**numbers, **{name: describe_number(values[tag]) for name, values in shares.items()}}


def describe_curve(curve: Curve) -> dict[str, list[float]]:
    """Return the points of a precision-recall curve, highest score first."""
    return {
        name: [describe_number(value) for value in values] for name, values in vars(curve.thin(MOST_POINTS)).items()
    }


def describe_bins(bins: Bins) -> list[dict[str, Any]]:
    """Return the bins that hold guesses: their bounds, mean confidence and share of right guesses."""
    width = 1 / len(bins.count)
    return [
        {
            "low": describe_number(place * width),
            "high": describe_number((place + 1) * width),
            "guesses": int(bins.count[place]),
            "confidence": describe_number(bins.confidence[place] / bins.count[place]),
            "right": describe_number(bins.right[place] / bins.count[place]),
        }
        for place in np.flatnonzero(bins.count)
    ]


def describe_confusion(matrix: Integers, labels: Sequence[str | None]) -> dict[str, Any]:
    """Return the matrix, rows being the truth, and its commonest mistakes; a label of None means no box.

    The full `counts` are left out where there are more than `MOST_DETAILED_TAGS`.
    """
    form: dict[str, Any] = {"labels": list(labels), "mostConfused": _find_most_confused(matrix, labels)}
    return form if len(labels) > MOST_DETAILED_TAGS + 1 else {**form, "counts": matrix.tolist()}


def _find_most_confused(matrix: Integers, labels: Sequence[str | None]) -> list[dict[str, Any]]:
    mistakes = matrix * (1 - np.eye(len(matrix), dtype=np.int64))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:MOST_CONFUSIONS]
    pairs = zip(*np.unravel_index(order, mistakes.shape), strict=True)
    return [
        {"truth": labels[row], "predicted": labels[column], "count": int(mistakes[row, column])}
        for row, column in pairs
        if mistakes[row, column]
    ]


def describe_intervals(intervals: Mapping[str, Interval | None]) -> dict[str, Any]:
    """Return the intervals that could be computed, with what repeats them."""
    known = {
        name: {"low": describe_number(interval.low), "high": describe_number(interval.high)}
        for name, interval in intervals.items()
        if interval is not None
    }
    return {"confidence": CONFIDENCE, "seed": SEED, **known}


def describe_number(value: float | None) -> Any:
    """Return the number with five decimals; None, for what is not defined, stays."""
    return None if value is None else round(float(value), 5)


def detail_tags(labels: Sequence[str]) -> bool:
    """Return whether there are few enough tags for a curve of each."""
    return len(labels) <= MOST_DETAILED_TAGS

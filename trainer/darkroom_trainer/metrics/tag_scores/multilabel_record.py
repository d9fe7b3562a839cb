"""Everything that is measured of a classifier with any number of tags an image, for metrics.json.

Owns which scores are in the record. Must not import torch.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from darkroom_trainer.metrics.statistics import bootstrap, calibration, forms
from darkroom_trainer.metrics.statistics.counts import count_flags, summarize
from darkroom_trainer.metrics.statistics.curves import Flags, Scores
from darkroom_trainer.metrics.tag_scores import multilabel_scores
from darkroom_trainer.metrics.tag_scores.classification_record import (
    average_roc_area,
    describe_all_pairs,
    describe_precisions,
    describe_tag,
)

BEST: Final = (1, 2, 3, 5)
"""The numbers of best guesses whose precision and recall are recorded."""


def build_record(scores: Scores, relevant: Flags, labels: Sequence[str], threshold: float) -> dict[str, Any]:
    """Return the scores of guesses `scores` (N, C) at what is `relevant` (N, C), N being at least 1."""
    guessed = multilabel_scores.select_above(scores, threshold)
    counts = count_flags(relevant, guessed)
    tags = [describe_tag(scores[:, tag], relevant[:, tag], counts, tag, labels) for tag in range(len(labels))]
    measure = bootstrap.measure_mean_precision(scores, relevant)
    bins = calibration.fill_bins(scores.ravel(), relevant.ravel())
    precisions = describe_precisions(scores, relevant)
    return {
        "averagePrecision": precisions["macro"],
        "averagePrecisions": precisions,
        "meanAveragePrecision11Points": forms.describe_number(
            multilabel_scores.compute_interpolated_mean(scores, relevant)
        ),
        "threshold": threshold,
        "accuracy": forms.describe_number(multilabel_scores.compute_shared(guessed, relevant)),
        **forms.describe_summary(summarize(counts)),
        "samples": describe_samples(guessed, relevant),
        "top": {str(k): _describe_best(scores, relevant, k) for k in BEST if k <= len(labels)},
        "rocAuc": average_roc_area(tags),
        "intervals": forms.describe_intervals(
            {"averagePrecision": bootstrap.compute_interval(len(scores), measure, work=scores.size)}
        ),
        "calibrationError": forms.describe_number(bins.error),
        "calibration": forms.describe_bins(bins),
        "confusionMatrix": forms.describe_confusion(_build_confusion(guessed, relevant), [*labels, None]),
        "precisionRecallCurve": describe_all_pairs(scores, relevant),
        "tags": dict(zip(labels, tags, strict=True)),
    }


def describe_samples(guessed: Flags, relevant: Flags) -> dict[str, float]:
    """Return precision and recall as means over images."""
    return {
        "precision": forms.describe_number(multilabel_scores.compute_sample_precision(guessed, relevant)),
        "recall": forms.describe_number(multilabel_scores.compute_sample_recall(guessed, relevant)),
    }


def _describe_best(scores: Scores, relevant: Flags, k: int) -> dict[str, Any]:
    guessed = multilabel_scores.select_best(scores, k)
    return {
        **forms.describe_summary(summarize(count_flags(relevant, guessed))),
        "samples": describe_samples(guessed, relevant),
    }


def _build_confusion(guessed: Flags, relevant: Flags) -> np.ndarray:
    """Return which false tags (column) stand where tags (row) were missed; the last row and column mean none.

    A missed tag counts once for each false tag of its image, and under none where its image has no false ones.
    """
    none = relevant.shape[1]
    false, missed = guessed & ~relevant, relevant & ~guessed
    matrix = np.zeros((none + 1, none + 1), dtype=np.int64)
    matrix[:none, :none] = missed.T.astype(np.int64) @ false.astype(np.int64)
    matrix[:none, none] = missed[~false.any(axis=1)].sum(axis=0)
    matrix[none, :none] = false[~missed.any(axis=1)].sum(axis=0)
    matrix[np.arange(none), np.arange(none)] = (relevant & guessed).sum(axis=0)
    return matrix

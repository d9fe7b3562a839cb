"""Everything that is measured of a classifier with one tag an image, for metrics.json.

Owns which scores are in the record. Must not import torch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.statistics import bootstrap, calibration, forms
from darkroom_trainer.metrics.statistics.counts import (
    Counts,
    build_confusion_matrix,
    compute_balanced_accuracy,
    count_guesses,
    summarize,
)
from darkroom_trainer.metrics.statistics.curves import (
    Flags,
    Scores,
    build_curve,
    compute_average_precision,
    compute_roc_area,
)
from darkroom_trainer.metrics.tag_scores import classification, multilabel_scores


def build_record(scores: Scores, answers: Integers, labels: Sequence[str]) -> dict[str, Any]:
    """Return the scores of guesses `scores` (N, C) at `answers` (N,), N being at least 1."""
    guesses, relevant = scores.argmax(axis=1), answers[:, None] == np.arange(len(labels))
    counts = count_guesses(answers, guesses, len(labels))
    bins = calibration.fill_bins(scores.max(axis=1), guesses == answers)
    tags = [describe_tag(scores[:, tag], relevant[:, tag], counts, tag, labels) for tag in range(len(labels))]
    number = forms.describe_number
    return {
        "accuracyTop1": number((guesses == answers).mean()),
        "accuracyTop5": number(classification.compute_top_k_accuracy(scores, answers, 5)),
        "balancedAccuracy": number(compute_balanced_accuracy(counts)),
        "averagePrecision": number(classification.compute_macro_average_precision(scores, answers)),
        "calibrationECE": number(bins.error),
        **forms.describe_summary(summarize(counts)),
        "averagePrecisions": describe_precisions(scores, relevant),
        "rocAuc": average_roc_area(tags),
        "intervals": forms.describe_intervals(_compute_intervals(scores, answers, relevant)),
        "calibration": forms.describe_bins(bins),
        "confusionMatrix": forms.describe_confusion(build_confusion_matrix(answers, guesses, len(labels)), labels),
        "precisionRecallCurve": describe_all_pairs(scores, relevant),
        "tags": dict(zip(labels, tags, strict=True)),
    }


def describe_tag(scores: Scores, relevant: Flags, counts: Counts, tag: int, labels: Sequence[str]) -> dict[str, Any]:
    """Return the scores of one tag, from its own `scores` and `relevant` (N,)."""
    form = {
        **forms.describe_tag_counts(counts, tag),
        "averagePrecision": forms.describe_number(compute_average_precision(scores, relevant)),
        "rocAuc": forms.describe_number(compute_roc_area(scores, relevant)),
    }
    if not forms.detail_tags(labels) or not relevant.any():
        return form
    return {**form, "precisionRecallCurve": forms.describe_curve(build_curve(scores, relevant))}


def describe_precisions(scores: Scores, relevant: Flags) -> dict[str, float]:
    """Return the averages of average precision."""
    averages = multilabel_scores.average_precisions(scores, relevant)
    return {name: forms.describe_number(value) for name, value in vars(averages).items()}


def describe_all_pairs(scores: Scores, relevant: Flags) -> dict[str, list[float]] | None:
    """Return the curve of all pairs of image and tag together; None where they are too many."""
    if scores.size > multilabel_scores.MOST_PAIRS:
        return None
    return forms.describe_curve(build_curve(scores.ravel(), relevant.ravel()))


def average_roc_area(tags: Sequence[dict[str, Any]]) -> float | None:
    """Return the mean ROC area of the tags where it is defined, each against all others; None where it nowhere is."""
    areas = [tag["rocAuc"] for tag in tags if tag["rocAuc"] is not None]
    return forms.describe_number(float(np.mean(areas))) if areas else None


def _compute_intervals(scores: Scores, answers: Integers, relevant: Flags) -> dict[str, bootstrap.Interval | None]:
    right, top5 = scores.argmax(axis=1) == answers, classification.find_top_k(scores, answers, 5)
    present = relevant.any(axis=0)
    measures = {
        "accuracyTop1": (bootstrap.measure_share(right), len(answers)),
        "accuracyTop5": (bootstrap.measure_share(top5), len(answers)),
        "balancedAccuracy": (bootstrap.measure_mean_recall(answers, right, scores.shape[1]), 2 * len(answers)),
        "averagePrecision": (
            bootstrap.measure_mean_precision(scores[:, present], relevant[:, present]),
            len(answers) * int(present.sum()),
        ),
    }
    images = len(answers)
    return {name: bootstrap.compute_interval(images, measure, work=work) for name, (measure, work) in measures.items()}

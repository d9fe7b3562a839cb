"""Everything that is measured of boxes, for metrics.json.

Owns which scores are in the record. Must not import torch.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from darkroom_trainer.metrics.box_scores import coco_scores, matching
from darkroom_trainer.metrics.box_scores.box_intervals import compute_box_interval
from darkroom_trainer.metrics.box_scores.boxes import BoxTable
from darkroom_trainer.metrics.statistics import forms
from darkroom_trainer.metrics.statistics.counts import Counts, summarize
from darkroom_trainer.metrics.statistics.curves import Curve

OVERLAP: Final = 0.5
"""The overlap from which a box is right in counts, confusion and curves."""


def build_record(
    found: BoxTable, truth: BoxTable, images: int, labels: Sequence[str], threshold: float
) -> dict[str, Any]:
    """Return the scores of the boxes found in `images` images."""
    evaluation = coco_scores.evaluate_boxes(found, truth, len(labels))
    matches = matching.match_boxes(found, truth, OVERLAP)
    counts = matching.count_boxes(found, truth, matches, threshold, len(labels))
    confusion = matching.build_box_confusion(found, truth, matches, threshold, OVERLAP, len(labels))
    interval = compute_box_interval(found, truth, images, OVERLAP)
    return {
        **_describe_means(evaluation),
        "threshold": threshold,
        **forms.describe_summary(summarize(counts)),
        "intervals": forms.describe_intervals({"meanAveragePrecision50": interval}),
        "confusionMatrix": forms.describe_confusion(confusion, [*labels, None]),
        "precisionRecallCurve": _describe_mean_curve(evaluation),
        "tags": _describe_tags(evaluation, counts, labels),
    }


def _describe_means(evaluation: coco_scores.Evaluation) -> dict[str, float]:
    at_overlaps = {_name(overlap): evaluation.mean((overlap,)) for overlap in coco_scores.SERVICE_OVERLAPS}
    means = {
        "meanAveragePrecision": evaluation.mean(coco_scores.COCO_OVERLAPS, coco_scores.COCO_BOXES),
        **at_overlaps,
        "meanAveragePrecisionOfService": evaluation.mean(coco_scores.SERVICE_OVERLAPS),
    }
    return {name: forms.describe_number(value) for name, value in means.items()}


def _name(overlap: float, what: str = "meanAveragePrecision") -> str:
    return f"{what}{round(100 * overlap)}"


def _describe_tags(evaluation: coco_scores.Evaluation, counts: Counts, labels: Sequence[str]) -> dict[str, Any]:
    """Return the scores of each tag; average precision only of those that have truth."""
    over_all = np.mean(
        [evaluation.average(overlap, coco_scores.COCO_BOXES) for overlap in coco_scores.COCO_OVERLAPS], axis=0
    )
    averages = {"averagePrecision": over_all}
    averages |= {
        _name(overlap, "averagePrecision"): evaluation.average(overlap) for overlap in coco_scores.SERVICE_OVERLAPS
    }
    tags = {label: forms.describe_tag_counts(counts, tag) for tag, label in enumerate(labels)}
    for tag in evaluation.present:
        form = tags[labels[tag]]
        form |= {name: forms.describe_number(values[tag]) for name, values in averages.items()}
        if forms.detail_tags(labels):
            form["precisionRecallCurve"] = _describe_curve(evaluation, int(tag))
    return tags


def _describe_curve(evaluation: coco_scores.Evaluation, tag: int) -> dict[str, list[float]]:
    at = evaluation.overlaps.index(OVERLAP)
    scores, precision = evaluation.scores[at, :, tag, -1], evaluation.precision[at, :, tag, -1]
    return forms.describe_curve(Curve(scores, precision, coco_scores.RECALLS))


def _describe_mean_curve(evaluation: coco_scores.Evaluation) -> dict[str, list[float]]:
    """Return the precision at each recall, as the mean of the tags that have truth; a mean has no threshold."""
    at, present = evaluation.overlaps.index(OVERLAP), evaluation.present
    if not len(present):
        return {"precision": [], "recall": []}
    precision = evaluation.precision[at, :, present, -1].mean(axis=0)
    curve = forms.describe_curve(Curve(np.zeros_like(precision), precision, coco_scores.RECALLS))
    return {name: curve[name] for name in ("precision", "recall")}

"""What the scores say of each tag and of tags that are taken for each other, in the form that a report keeps.

Owns which tags are shown where there are many. Pure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_trainer.data.records.dataset import LoadedDataset

MAX_MATRIX_TAGS: Final = 25
MAX_CURVES: Final = 5
NO_TAG: Final = None
"""In a confusion matrix of boxes: no box."""


def count_images(dataset: LoadedDataset | None) -> dict[str, int]:
    """Return how many images carry each tag; empty without a dataset."""
    if dataset is None:
        return {}
    counts = Counter(label for example in dataset.examples for label in set(example.labels))
    return {tag: counts[label] for label, tag in enumerate(dataset.labels)}


def build_tag_rows(
    scores: Mapping[str, Any] | None, performance: Mapping[str, Any] | None, trained: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return a row for each tag, most troubled first; `trained` has the training images of each, where known."""
    tags = (scores or {}).get("tags") or {}
    shown = (performance or {}).get("tagPerformance") or {}
    names = list(dict.fromkeys([*tags, *shown, *trained]))
    rows = [_build_row(tag, tags.get(tag, {}), shown.get(tag, {}), trained.get(tag)) for tag in names]
    return sorted(rows, key=_rank)


def _build_row(tag: str, scores: Mapping[str, Any], shown: Mapping[str, Any], trained: int | None) -> dict[str, Any]:
    average = scores.get("averagePrecision50", scores.get("averagePrecision"))
    if average is None:
        average = shown.get("averagePrecision50", shown.get("averagePrecision"))
    has_truth = scores.get("truths") != 0
    return {
        "tag": tag,
        "trained": trained,
        "truths": scores.get("truths"),
        "right": scores.get("right"),
        "false": scores.get("false"),
        "missed": scores.get("missed"),
        "precision": scores.get("precision") if scores.get("right", 0) or scores.get("false", 0) else None,
        "recall": scores.get("recall", shown.get("accuracy")) if has_truth else None,
        "f1": scores.get("f1") if has_truth else None,
        "averagePrecision": average if has_truth else None,
    }


def _rank(row: Mapping[str, Any]) -> tuple[float, float, str]:
    """Tags that nothing could be measured of come last."""
    quality = next((row[name] for name in ("f1", "averagePrecision", "recall") if row[name] is not None), 2.0)
    return quality, row["averagePrecision"] or 0.0, row["tag"]


def build_confusion(confusion: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the part of the confusion matrix to show: the most confused tags where there are more than fit."""
    if not confusion:
        return None
    labels, counts = confusion["labels"], confusion.get("counts")
    mistakes = confusion["mostConfused"]
    form = {"mostConfused": mistakes, "tags": len([label for label in labels if label is not NO_TAG])}
    if counts is None:
        return form
    kept = _choose_labels(labels, mistakes)
    matrix = [[counts[row][column] for column in kept] for row in kept]
    return {**form, "labels": [labels[at] for at in kept], "counts": matrix}


def _choose_labels(labels: Sequence[str | None], mistakes: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of the labels to show, in their order; that for no tag always."""
    if len(labels) <= MAX_MATRIX_TAGS + 1:
        return list(range(len(labels)))
    named = [mistake[side] for mistake in mistakes for side in ("truth", "predicted")]
    wanted = [label for label in dict.fromkeys(named) if label is not NO_TAG][:MAX_MATRIX_TAGS]
    return [at for at, label in enumerate(labels) if label in wanted or label is NO_TAG]


def build_curves(scores: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the precision-recall curve of all tags (its `tag` is None) and those of the most troubled tags."""
    if not scores:
        return []
    tags = scores.get("tags") or {}
    every = scores.get("precisionRecallCurve")
    found = [{"tag": None, **_cut_curve(every)}] if every and every["recall"] else []
    for row in rows:
        curve = tags.get(row["tag"], {}).get("precisionRecallCurve")
        if curve and row["truths"] and len(found) <= MAX_CURVES:
            found.append({"tag": row["tag"], **_cut_curve(curve)})
    return found if len(tags) > 1 else found[:1]


def _cut_curve(curve: Mapping[str, Any]) -> dict[str, Any]:
    return {name: curve[name] for name in ("recall", "precision")}

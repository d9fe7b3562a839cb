"""Predictions in the form that the replaced service answered: `tagsResult`, `objectsResult`, `products` and `gaps`.

Owns the rounding to integer pixels. Source: ImageAnalysisResult of the Computer Vision REST API, 2023-04-01.
"""

import math
from collections.abc import Sequence
from typing import Any

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.gaps import is_gap
from darkroom_predict.predictions import Floats, Integers, OtherTags, Prediction, Truth


def build_answer(
    task: Task, prediction: Prediction, labels: Sequence[str], size_px: tuple[int, int], version: str
) -> dict[str, Any]:
    """Return the answer for one image of `size_px` (width, height)."""
    size = {"width": size_px[0], "height": size_px[1]}
    result = build_result(task, prediction, labels, size_px)
    answer = {"modelVersion": version, "metadata": size, "customModelResult": result}
    if task is Task.PRODUCT_RECOGNIZER:
        answer["result"] = {"imageMetadata": size, **_divide(result["objectsResult"]["values"])}
    return answer


def _divide(objects: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the objects as the service's product recognition did: what stands on a shelf, and what is missing."""
    gaps = [found for found in objects if is_gap(found["tags"][0]["name"])]
    return {"products": [found for found in objects if found not in gaps], "gaps": gaps}


def build_result(task: Task, prediction: Prediction, labels: Sequence[str], size_px: tuple[int, int]) -> dict[str, Any]:
    """Return the tags of an image (a classifier) or its objects in integer pixels (a detector)."""
    tags = _build_tags(prediction.labels, prediction.scores, labels)
    if not task.has_boxes:
        return {"tagsResult": {"values": tags}}
    objects = [
        {
            "id": str(at + 1),
            "boundingBox": round_box(prediction.boxes[at], size_px),
            "tags": [tag, *_list_others(prediction.others, at, labels)],
        }
        for at, tag in enumerate(tags)
    ]
    return {"objectsResult": {"values": objects}}


def _build_tags(numbers: Integers, scores: Floats, labels: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"name": labels[label], "confidence": round(float(score), 4)}
        for label, score in zip(numbers, scores, strict=True)
    ]


def _list_others(others: OtherTags | None, at: int, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return the less likely tags of a box, without those whose confidence is nothing once it is rounded."""
    if others is None:
        return []
    return [tag for tag in _build_tags(others.labels[at], others.scores[at], labels) if tag["confidence"] > 0]


def build_truth_result(task: Task, truth: Truth, labels: Sequence[str], size_px: tuple[int, int]) -> dict[str, Any]:
    """Return the annotations of an image in the same form, without confidences."""
    names = [{"name": labels[label]} for label in truth.labels]
    if not task.has_boxes:
        return {"tagsResult": {"values": names}}
    boxes = [round_box(box, size_px) for box in truth.boxes]
    objects = [{"boundingBox": box, "tags": [name]} for box, name in zip(boxes, names, strict=True)]
    return {"objectsResult": {"values": objects}}


def round_box(box: Floats, size_px: tuple[int, int]) -> dict[str, int]:
    """Return a relative box (4,) in whole pixels inside the image: x, y >= 0 and w, h >= 1."""
    x, width = _round_side(float(box[0]), float(box[2]), size_px[0])
    y, height = _round_side(float(box[1]), float(box[3]), size_px[1])
    return {"x": x, "y": y, "w": width, "h": height}


def _round_side(start: float, length: float, size_px: int) -> tuple[int, int]:
    """Round both ends, so that neighbouring boxes keep touching, and keep at least one pixel inside the image."""
    low = min(max(0, math.floor(start * size_px + 0.5)), size_px - 1)
    high = min(size_px, math.floor((start + length) * size_px + 0.5))
    return low, max(1, high - low)

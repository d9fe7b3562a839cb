"""Randomized boxes, and what pycocotools makes of them: the reference that detection scores are held against."""

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from darkroom_predict.predictions import Prediction, Truth

SIDE = 1000.0


@dataclass(frozen=True)
class Shape:
    """What makes a case hard; `labels` of which the last has no truth.

    `far` boxes of an image are near no truth; with a `grid`, sides and places are multiples of one part in so many,
    and overlaps are often exactly a half.
    """

    images: int = 12
    labels: int = 4
    most_truths: int = 6
    crowd_share: float = 0.0
    score_decimals: int = 6
    copies: int = 1
    far: int = 4
    grid: int = 0


def build_case(seed: int, shape: Shape) -> tuple[list[Prediction], list[Truth]]:
    """Return boxes near, on and far from the truth; every fourth image has no truth, every fifth no prediction."""
    random = np.random.default_rng(seed)
    truths = [_draw_truth(random, shape, 0 if at % 4 == 3 else shape.most_truths) for at in range(shape.images)]
    found = [_draw_prediction(random, shape, truth, is_empty=at % 5 == 4) for at, truth in enumerate(truths)]
    return found, truths


def _draw_truth(random: np.random.Generator, shape: Shape, most: int) -> Truth:
    count = int(random.integers(0, most + 1))
    crowd = random.random(count) < shape.crowd_share
    return Truth(random.integers(0, shape.labels - 1, count), _draw_boxes(random, count, shape.grid), crowd)


def _draw_boxes(random: np.random.Generator, count: int, grid: int) -> np.ndarray:
    return _snap(np.hstack([random.uniform(0, 0.6, (count, 2)), random.uniform(0.02, 0.4, (count, 2))]), grid)


def _snap(boxes: np.ndarray, grid: int) -> np.ndarray:
    if grid:
        boxes = np.round(boxes * grid) / grid
        boxes[:, 2:] = np.maximum(boxes[:, 2:], 1 / grid)
    return boxes.astype(np.float32)


def _draw_prediction(random: np.random.Generator, shape: Shape, truth: Truth, *, is_empty: bool) -> Prediction:
    noise = random.choice([0.0, 0.01, 0.05], (3 * len(truth.labels), 1))
    near = np.tile(truth.boxes, (3, 1)) + noise * random.normal(size=(3 * len(truth.labels), 4))
    labels = np.concatenate([np.tile(truth.labels, 3), random.integers(0, shape.labels, shape.far)])
    boxes = np.vstack([_snap(np.maximum(near, 0.001), shape.grid), _draw_boxes(random, shape.far, shape.grid)])
    swapped = random.random(len(labels)) < 0.2
    labels = np.where(swapped, random.integers(0, shape.labels, len(labels)), labels)
    labels, boxes = np.tile(labels, shape.copies), np.tile(boxes, (shape.copies, 1))
    scores = np.round(random.random(len(labels)), shape.score_decimals).astype(np.float32)
    order = np.argsort(-scores, kind="stable")[: 0 if is_empty else None]
    return Prediction(labels[order].astype(np.int64), scores[order], boxes[order])


def evaluate_with_pycocotools(
    found: list[Prediction], truths: list[Truth], labels: int, overlaps: tuple[float, ...], limits: tuple[int, ...]
) -> COCOeval:
    """Return pycocotools' evaluation over all areas."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = _build_ground_truth(truths, labels)
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(_build_results(found)), "bbox")
        evaluation.params.iouThrs = np.array(overlaps)
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0.0, 1e10]], ["all"]
        evaluation.params.maxDets = list(limits)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _build_ground_truth(truths: list[Truth], labels: int) -> dict[str, Any]:
    rows = [(at, row) for at, truth in enumerate(truths) for row in range(len(truth.labels))]
    annotations = []
    for number, (at, row) in enumerate(rows, start=1):
        truth, box = truths[at], [float(value) * SIDE for value in truths[at].boxes[row]]
        is_crowd = truth.crowd is not None and bool(truth.crowd[row])
        annotations.append(
            {
                "id": number,
                "image_id": at,
                "category_id": int(truth.labels[row]),
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": int(is_crowd),
            }
        )
    return {
        "info": {},
        "images": [{"id": at} for at in range(len(truths))],
        "annotations": annotations,
        "categories": [{"id": label} for label in range(labels)],
    }


def _build_results(found: list[Prediction]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": at,
            "category_id": int(label),
            "bbox": [float(value) * SIDE for value in box],
            "score": float(score),
        }
        for at, prediction in enumerate(found)
        for label, score, box in zip(prediction.labels, prediction.scores, prediction.boxes, strict=True)
    ]

"""COCO's average precision, by faster-coco-eval; the only module that knows that library.

Owns how boxes are handed over: one tag at a time with only the images that have it, since the library keeps an entry
for every pair of image and tag. Average precision over all areas, at 101 recalls.
"""

import contextlib
import io
import logging
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.box_scores.boxes import MAX_BOXES, BoxTable
from darkroom_trainer.metrics.statistics.curves import Scores

COCO_OVERLAPS: Final = tuple(np.linspace(0.5, 0.95, 10).tolist())
SERVICE_OVERLAPS: Final = (0.3, 0.5, 0.75, 0.9)
OVERLAPS: Final = (0.3, 0.9, *COCO_OVERLAPS)
COCO_BOXES: Final = 100
"""COCO's own mAP looks at the 100 surest boxes of a tag in an image; the replaced service looked at 300."""
RECALLS: Final[Scores] = np.linspace(0.0, 1.0, 101)
Precisions = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What COCO's code finds for T overlaps, C tags and M limits of boxes an image; -1 for a tag without truth.

    `precision` and `scores` are (T, 101, C, M): precision at each of `RECALLS`, and the score that reaches it.
    """

    overlaps: tuple[float, ...]
    limits: tuple[int, ...]
    precision: Precisions
    scores: Precisions

    @property
    def present(self) -> Integers:
        """Return the tags that have truth."""
        return np.flatnonzero(self.precision[0, 0, :, 0] > -1)

    def average(self, overlap: float, limit: int = MAX_BOXES) -> Scores:
        """Return the average precision (C,) of each tag at an overlap; 0 for a tag without truth."""
        at, place = self.overlaps.index(overlap), self.limits.index(limit)
        return np.asarray(np.maximum(0.0, self.precision[at, :, :, place].mean(axis=0)), dtype=np.float64)

    def mean(self, overlaps: tuple[float, ...], limit: int = MAX_BOXES) -> float:
        """Return the mean average precision over overlaps and the tags that have truth; 0 without any."""
        averages = np.stack([self.average(overlap, limit) for overlap in overlaps])[:, self.present]
        return float(averages.mean()) if averages.size else 0.0


def evaluate_boxes(
    found: BoxTable,
    truth: BoxTable,
    num_labels: int,
    overlaps: tuple[float, ...] = OVERLAPS,
    limits: tuple[int, ...] = (COCO_BOXES, MAX_BOXES),
) -> Evaluation:
    """Compare the boxes found with the true ones, tag by tag."""
    shape = (len(overlaps), len(RECALLS), num_labels, len(limits))
    evaluation = Evaluation(overlaps, limits, np.full(shape, -1.0), np.full(shape, -1.0))
    for label in np.unique(truth.labels[~truth.crowd]):
        results = found.take(found.labels == label)
        evaluation.precision[:, :, label] = evaluation.scores[:, :, label] = 0.0
        if len(results):
            answer = _accumulate(results, truth.take(truth.labels == label), overlaps, limits)
            evaluation.precision[:, :, label] = answer["precision"][:, :, 0, 0]
            evaluation.scores[:, :, label] = answer["scores"][:, :, 0, 0]
    return evaluation


def _accumulate(found: BoxTable, truth: BoxTable, overlaps: tuple[float, ...], limits: tuple[int, ...]) -> Any:
    """Return the library's arrays for tables of one tag."""
    from faster_coco_eval import COCO, COCOeval_faster

    logging.getLogger("faster_coco_eval").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()):
        ground_truth = COCO(_build_ground_truth(found, truth))
        evaluation = COCOeval_faster(ground_truth, ground_truth.loadRes(_build_results(found)), iouType="bbox")
        evaluation.params.iouThrs = np.array(overlaps)
        evaluation.params.recThrs = RECALLS
        evaluation.params.areaRng = [[0.0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = list(limits)
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval


def _build_ground_truth(found: BoxTable, truth: BoxTable) -> dict[str, Any]:
    rows = zip(truth.images.tolist(), truth.boxes.tolist(), truth.crowd.tolist(), strict=True)
    annotations = [
        {
            "id": number,
            "image_id": image,
            "category_id": 0,
            "bbox": box,
            "area": box[2] * box[3],
            "iscrowd": int(is_crowd),
        }
        for number, (image, box, is_crowd) in enumerate(rows, start=1)
    ]
    images = np.union1d(truth.images, found.images).tolist()
    return {
        "info": {},
        "images": [{"id": image} for image in images],
        "annotations": annotations,
        "categories": [{"id": 0, "name": "0"}],
    }


def _build_results(found: BoxTable) -> list[dict[str, Any]]:
    rows = zip(found.images.tolist(), found.boxes.tolist(), found.scores.tolist(), strict=True)
    return [{"image_id": image, "category_id": 0, "bbox": box, "score": score} for image, box, score in rows]

"""The baselines by name, what each is given and gives back, and how its answers are scored.

Imports what a method needs only when it is prepared, so that nobody is charged for it. A baseline may not use
Darkroom's code: what both are scored by is all that they share.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bench.fewshot.cells import DARKROOM, Cell
from bench.fewshot.drawing.pictures import Picture
from bench.fewshot.sets import Part
from darkroom_predict.predictions import Prediction, build_truth

UNMIRRORED_SETS: Final = ("digits", "letters", "digit-scenes")
"""Where a mirrored picture shows something else."""


@dataclass(frozen=True)
class Lesson:
    """What a baseline learns from, until `ends_at` on the bench's clock."""

    cell: Cell
    labels: tuple[str, ...]
    pictures: list[Picture]
    ends_at: float

    @property
    def tags(self) -> list[int]:
        """Return the class of each picture."""
        return [picture.labels[0] for picture in self.pictures]

    @property
    def longest_px(self) -> int:
        """Return the longest side of a picture."""
        return int(max(max(picture.pixels.shape[:2]) for picture in self.pictures))

    @property
    def is_mirrored(self) -> bool:
        """Return whether a person would mirror the pictures."""
        return self.cell.set_name not in UNMIRRORED_SETS


@dataclass(frozen=True)
class Learned:
    """What came of it: `predict` returns classes, or a Prediction for each picture of a set with boxes."""

    predict: Callable[[list[Picture]], Any]
    details: dict[str, Any]


Baseline = Callable[[Lesson], Learned]

CLASSIFIERS: Final = {
    "embedded-logistic": "features",
    "embedded-finetune": "finetuning",
    "timm-small": "finetuning",
    "timm-medium": "finetuning",
    "logistic": "features",
    "knn": "features",
}
DETECTORS: Final = {"embedded-fcos": "fcos", "fcos-test_resnet": "fcos"}
"""Each with its module, whose function `learn` is the baseline."""


def list_methods(*, boxed: bool) -> tuple[str, ...]:
    """Return the methods that can learn a set."""
    return (DARKROOM, *(DETECTORS if boxed else CLASSIFIERS))


def prepare(method: str) -> Baseline:
    """Return a baseline, imported; KeyError for none."""
    module = importlib.import_module(f"bench.fewshot.baselines.{(CLASSIFIERS | DETECTORS)[method]}")
    learn: Baseline = module.learn
    return learn


def score(answers: Sequence[Any], part: Part) -> tuple[float, float | None]:
    """Return the accuracy of classes, or mAP@50 and mAP@75 of boxes, as Darkroom's own are computed."""
    if not part.boxed:
        truths = np.array([picture.labels[0] for picture in part.pictures])
        return float((np.asarray(answers) == truths).mean()), None
    return score_boxes(list(answers), part)


def score_boxes(predictions: list[Prediction], part: Part) -> tuple[float, float]:
    """Return mAP@50 and mAP@75."""
    from darkroom_trainer.metrics.box_scores import detection

    found = detection.measure_detection(
        predictions, [build_truth(picture.labels, picture.boxes) for picture in part.pictures], part.labels
    )
    return found.mean_average_precision50 or 0.0, found.mean_average_precision75 or 0.0

"""What a measured model leaves: metrics.json, predictions.json and predictions.png.

Owns these files' forms. Must not compute scores.
"""

import json
import logging
import pathlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from PIL import Image

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, Task
from darkroom_predict import answers, description, picture
from darkroom_predict.images import ImageProblem
from darkroom_predict.predictions import Integers, Prediction, Truth, keep_best_of_stacked
from darkroom_storage.errors import StorageError
from darkroom_storage.secrets import hide_tree
from darkroom_trainer.data import originals
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.export import card
from darkroom_trainer.metrics import record

LOG = logging.getLogger(__name__)

METRICS_NAME: Final = "metrics.json"
PREDICTIONS_NAME: Final = "predictions.json"
PICTURE_NAME: Final = "predictions.png"
MAX_TAGS: Final = 5
"""Tags of each image that predictions.json keeps for a classifier."""
TAGGED_SAMPLES: Final = 16
BOXED_SAMPLES: Final = 6


@dataclass(frozen=True)
class Measured:
    """Images of a dataset with predictions, truths (both in the order of `rows`) and their scores."""

    dataset: LoadedDataset
    rows: Integers
    predictions: Sequence[Prediction]
    truths: Sequence[Truth]
    performance: Performance


def write_results(
    folder: pathlib.Path,
    model: description.ModelDescription,
    measured: Measured | None,
    details: dict[str, Any],
    *,
    has_time_to_score: Callable[[], bool] = lambda: True,
    has_time_to_draw: Callable[[], bool] = lambda: True,
) -> list[str]:
    """Write the files into `folder` and return their names; only metrics.json where nothing could be measured.

    Without the time, all scores but those of the status are left out, and the picture, or samples of it: drawing is
    asked before each of them.
    """
    performance = measured.performance.to_json() if measured else None
    scores = _build_scores(model, measured) if measured and has_time_to_score() else None
    metrics = hide_tree({"performance": performance, "scores": scores, **details})
    (folder / METRICS_NAME).write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if measured is None:
        return [METRICS_NAME]
    predictions = build_predictions(model, measured)
    (folder / PREDICTIONS_NAME).write_text(json.dumps(predictions, ensure_ascii=False) + "\n", encoding="utf-8")
    page = draw_results(model, measured, has_time_to_draw)
    if page is None:
        return [METRICS_NAME, PREDICTIONS_NAME]
    picture.save_picture(page, folder / PICTURE_NAME)
    return [METRICS_NAME, PREDICTIONS_NAME, PICTURE_NAME]


def _build_scores(model: description.ModelDescription, measured: Measured) -> dict[str, Any]:
    return record.build_record(model.task, measured.predictions, measured.truths, model.labels, model.threshold)


def build_predictions(model: description.ModelDescription, measured: Measured) -> dict[str, Any]:
    """Return the content of predictions.json: an answer for each image with its truth beside it."""
    return {
        "dataset": measured.dataset.name,
        "measuredOn": measured.performance.measured_on.value,
        "threshold": model.threshold,
        "images": [
            _build_entry(model, measured, int(row), prediction, truth)
            for row, prediction, truth in zip(measured.rows, measured.predictions, measured.truths, strict=True)
        ],
    }


def _build_entry(
    model: description.ModelDescription, measured: Measured, row: int, prediction: Prediction, truth: Truth
) -> dict[str, Any]:
    example = measured.dataset.examples[row]
    size = (example.width, example.height)
    prediction = _choose_shown(model, prediction)
    return {
        "imageId": example.image_id,
        "file": example.file,
        **answers.build_answer(model.task, prediction, model.labels, size, model.version),
        "truth": answers.build_truth_result(model.task, truth, model.labels, size),
    }


def _choose_shown(model: description.ModelDescription, prediction: Prediction) -> Prediction:
    """Return what predictions.json keeps: all boxes with their likeliest tag, which is what was measured, the best
    tags, or of tags that do not exclude each other those that are shown.
    """
    if model.task.has_boxes:
        return replace(prediction, others=None)
    if model.task is Task.MULTILABEL_CLASSIFIER:
        return keep_best_of_stacked(prediction, model.threshold)
    return replace(prediction, labels=prediction.labels[:MAX_TAGS], scores=prediction.scores[:MAX_TAGS])


def draw_results(
    model: description.ModelDescription, measured: Measured, has_time: Callable[[], bool]
) -> Image.Image | None:
    """Return the picture of sample images, as many as there is time for; None without any.

    A classifier's mistakes come first, since they teach most.
    """
    return picture.draw_samples(
        _take_samples(model, measured, has_time),
        model.labels,
        describe_performance(measured.performance, measured.dataset.name),
        threshold=model.threshold,
        form=picture.choose_form(model.task),
    )


def _take_samples(
    model: description.ModelDescription, measured: Measured, has_time: Callable[[], bool]
) -> Iterator[picture.Sample]:
    """Give the samples one by one, until there is no time for another."""
    for at in _choose_samples(model, measured):
        if not has_time():
            return
        try:
            file = originals.find_file(measured.dataset.examples[measured.rows[at]])
        except (StorageError, ImageProblem) as problem:
            LOG.warning("an image is left out of %s: it %s", PICTURE_NAME, problem)
            continue
        yield picture.Sample(file, measured.predictions[at], measured.truths[at])


def _choose_samples(model: description.ModelDescription, measured: Measured) -> list[int]:
    """Return places spread evenly over the images; of tagged ones up to a quarter of them mistakes."""
    is_boxed = model.task.has_boxes
    count = min(BOXED_SAMPLES if is_boxed else TAGGED_SAMPLES, len(measured.rows))
    even: list[int] = np.linspace(0, len(measured.rows) - 1, count).astype(int).tolist()
    if is_boxed:
        return even
    pairs = zip(measured.predictions, measured.truths, strict=True)
    wrong = [at for at, (prediction, truth) in enumerate(pairs) if not _is_right(model, prediction, truth)]
    first = wrong[: count // 4]
    return (first + [at for at in even if at not in first])[:count]


def _is_right(model: description.ModelDescription, prediction: Prediction, truth: Truth) -> bool:
    if model.task is Task.MULTILABEL_CLASSIFIER:
        shown = keep_best_of_stacked(prediction, model.threshold)
        return set(shown.labels.tolist()) == set(truth.labels.tolist())
    return bool(prediction.labels[0] == truth.labels[0])


def describe_performance(performance: Performance, dataset_name: str) -> str:
    """Return the score in words."""
    place = "held-out images of" if performance.measured_on is MeasuredOn.HOLD_OUT else "images of"
    name = card.name_score(performance)
    return f"{name} {performance.score or 0.0:.3f} on {performance.images:,} {place} {dataset_name}"

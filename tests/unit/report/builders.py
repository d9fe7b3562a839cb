"""Small measured models and datasets for the tests of the report; nothing is trained, seeds are fixed."""

import pathlib
from typing import Any

import numpy as np
from PIL import Image

from darkroom_api.v1alpha1.common import AnnotationKind, MeasuredOn, Performance, ScoreInterval, Task
from darkroom_predict.description import ModelDescription, Preprocessing
from darkroom_predict.predictions import Prediction, Truth, build_truth
from darkroom_trainer.data.records.dataset import Example, LoadedDataset, no_boxes
from darkroom_trainer.export.results import Measured
from darkroom_trainer.metrics.record import build_record
from darkroom_trainer.report.inputs import ReportInputs
from darkroom_trainer.search.trial_records import TrialEnd, TrialKind, TrialRecord

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; background:url(https://evil.example/x) '",
    "</style></title></svg>&amp;<!--",
    "\u202egnp.exe\u2066 \x00\x1b[31m \ud800",
    "javascript:alert(1)",
    "x" * 250,
)
"""Names that a dataset may hold."""


def a_model(task: Task, labels: tuple[str, ...], threshold: float = 0.0) -> ModelDescription:
    """Return a description of a model that is nowhere."""
    preprocessing = Preprocessing(64, (0.5,) * 3, (0.25,) * 3)
    return ModelDescription(task, labels, "test_resnet", preprocessing, threshold, "0123456789ab", "1.0")


def write_picture(folder: pathlib.Path, number: int) -> pathlib.Path:
    """Write a small picture with something on it."""
    path = folder / f"{number}.png"
    pixels = np.random.default_rng(number).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def measure_classifier(
    folder: pathlib.Path, labels: tuple[str, ...], images: int, *, seed: int = 0
) -> tuple[Measured, dict[str, Any]]:
    """Return guesses that are often wrong, with their record of scores."""
    random = np.random.default_rng(seed)
    answers = random.integers(0, len(labels), images)
    scores = random.dirichlet(np.full(len(labels), 0.3), images)
    scores[np.arange(images), answers] += 0.25
    scores /= scores.sum(axis=1, keepdims=True)
    predictions = [_rank(row) for row in scores]
    truths = [build_truth([answer], np.zeros((0, 4))) for answer in answers]
    examples = [
        Example(at + 1, labels[answer] + ".png", write_picture(folder, at % 20), 60, 40, (int(answer),), no_boxes())
        for at, answer in enumerate(answers)
    ]
    return _finish(Task.CLASSIFIER, labels, examples, predictions, truths, 0.0)


def _rank(scores: Any) -> Prediction:
    order = np.argsort(-scores, kind="stable")
    return Prediction(order, scores[order].astype(np.float32), np.zeros((0, 4), dtype=np.float32))


def measure_detector(folder: pathlib.Path, labels: tuple[str, ...], images: int) -> tuple[Measured, dict[str, Any]]:
    """Return boxes of which every third is missed and every fourth image has a false one, with their record."""
    random = np.random.default_rng(1)
    predictions, truths, examples = [], [], []
    for at in range(images):
        boxes = np.concatenate([random.uniform(0, 0.5, (3, 2)), random.uniform(0.2, 0.4, (3, 2))], axis=1)
        tags = random.integers(0, len(labels), 3)
        truths.append(build_truth(tags, boxes))
        predictions.append(_find_boxes(boxes, tags, is_false=at % 4 == 0))
        truth_boxes = boxes.astype(np.float32)
        path = write_picture(folder, at % 20)
        examples.append(Example(at + 1, f"{labels[tags[0]]}.png", path, 60, 40, tuple(tags.tolist()), truth_boxes))
    return _finish(Task.DETECTOR, labels, examples, predictions, truths, 0.4)


def _find_boxes(boxes: Any, tags: Any, *, is_false: bool) -> Prediction:
    found, labels, scores = [boxes[0], boxes[1]], [tags[0], tags[1]], [0.9, 0.7]
    if is_false:
        found, labels, scores = [*found, [0.8, 0.8, 0.1, 0.1]], [*labels, tags[0]], [*scores, 0.6]
    order = np.argsort(scores)[::-1]
    return Prediction(
        np.array(labels, dtype=np.int64)[order],
        np.array(scores, dtype=np.float32)[order],
        np.array(found, dtype=np.float32)[order],
    )


def _finish(
    task: Task,
    labels: tuple[str, ...],
    examples: list[Example],
    predictions: list[Prediction],
    truths: list[Truth],
    threshold: float,
) -> tuple[Measured, dict[str, Any]]:
    kind = AnnotationKind.DETECTION if task is Task.DETECTOR else AnnotationKind.CLASSIFICATION
    dataset = LoadedDataset("shelf-eval", kind, labels, tuple(examples), "sha256:12")
    scores = build_record(task, predictions, truths, labels, threshold)
    name = "meanAveragePrecision50" if task is Task.DETECTOR else "accuracyTop1"
    interval = scores["intervals"].get(name)
    performance = Performance(
        measured_on=MeasuredOn.HOLD_OUT,
        images=len(examples),
        score=scores[name],
        score_interval=ScoreInterval(**interval) if interval else None,
        accuracy_top1=scores.get("accuracyTop1"),
        mean_average_precision50=scores.get("meanAveragePrecision50"),
        calibration_ece=scores.get("calibrationECE"),
    )
    rows = np.arange(len(examples))
    return Measured(dataset, rows, predictions, truths, performance), scores


def list_trials(count: int) -> list[dict[str, Any]]:
    """Return records of heads and networks, each ended in another way."""
    ends = list(TrialEnd)
    return [
        TrialRecord(
            number=at,
            kind=TrialKind.HEAD if at % 2 else TrialKind.NETWORK,
            name=HOSTILE[at % len(HOSTILE)],
            score=None if ends[at % 5] in (TrialEnd.FAILED, TrialEnd.TOO_COSTLY) else 0.3 + 0.6 * at / count,
            standard_error=0.01,
            started_at_seconds=0.5 * at,
            cost_seconds=0.4,
            end=ends[at % 5],
            why=HOSTILE[(at + 1) % len(HOSTILE)],
            round=at % 3,
            passes=100 * at,
            settings={"scores": [0.2, 0.4][: at % 3]},
        ).to_json()
        for at in range(count)
    ]


def build_metrics(measured: Measured, scores: dict[str, Any], trials: int = 30) -> dict[str, Any]:
    """Return the content of metrics.json of a training."""
    return {
        "performance": measured.performance.to_json(),
        "scores": scores,
        "budgetSeconds": 60,
        "meter": {"chargedSeconds": 23.4, "milliRate": 1000, "devices": 1, "allocatedSeconds": 31.0, "attempt": 1},
        "images": {"train": 80, "heldOut": 20, "final": 100, "evaluation": 0},
        "recipe": {"backbone": "test_resnet", "batch_size": 32, "peak_learning_rate": 0.004},
        "steps": 321,
        "trials": list_trials(trials),
        "device": "cpu with 1 threads",
        "datasetRevision": "sha256:" + "ab" * 32,
        "seed": 0,
        "stopReason": "Converged",
        "history": [
            {"stage": stage, "step": at, "share": 0.1, "loss": 2.0 / (at + 1), "chargedSeconds": float(at)}
            for stage in ("holdOut", "final")
            for at in range(20)
        ],
    }


def a_training(folder: pathlib.Path, task: Task = Task.CLASSIFIER, labels: tuple[str, ...] = HOSTILE) -> ReportInputs:
    """Return the inputs of a finished training with everything that a report can hold."""
    measure = measure_detector if task is Task.DETECTOR else measure_classifier
    measured, scores = measure(folder, labels, 40)
    errors = [{"imageId": 3, "file": labels[0], "given": labels[1], "suggested": labels[-1], "confidence": 0.97}]
    return ReportInputs(
        name="shelf",
        model=a_model(task, labels, 0.4 if task is Task.DETECTOR else 0.0),
        metrics=build_metrics(measured, scores),
        measured=measured,
        training=measured.dataset,
        label_errors=errors,
        parity={"agrees": True, "maxLogitDifference": 2e-6, "maxBoxDifference": None, "tolerance": 1e-4, "images": 4},
        note=HOSTILE[0],
    )

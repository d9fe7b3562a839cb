"""Resources of a local server whose runs have ended, with what they left.

Owns no expectation.
"""

import json
import pathlib
from collections.abc import Mapping

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.common import MeasuredOn, Performance, ScoreInterval, TagPerformance, Task
from darkroom_api.v1alpha1.dataset import Category, DatasetStatus, DatasetSummary, Problem
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import BudgetStatus, ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionStatus, PredictionSummary
from darkroom_labels.coco_labels import LabelFile, LabelledImage, build_document
from tests.support.server.local import LocalServer
from tests.support.server.models import write_model
from tests.support.server.results import PROPOSED, TAGS, create, draw_previews, find_place, write_results


def a_performance(score: float = 0.8, **tags: float) -> Performance:
    """Return scores of a detector."""
    return Performance(
        measured_on=MeasuredOn.EVALUATION_DATASET,
        images=40,
        score=score,
        score_interval=ScoreInterval(low=score - 0.1, high=min(1.0, score + 0.1)),
        mean_average_precision50=score,
        tag_performance={tag: TagPerformance(average_precision50=value) for tag, value in tags.items()} or None,
    )


def finish_model(
    server: LocalServer, name: str = "sorter", files: Mapping[str, bytes] | None = None, task: Task = Task.DETECTOR
) -> None:
    """Create a Model that has succeeded and can answer."""
    create(server, "Model", name, {"task": task.value, "dataset": "fruit", "budget": "1h"})
    folder = find_place(server, "Model", name)
    write_model(folder, task)
    artifacts = write_results(folder, files or {"report.html": b"<h1>Report</h1>"})
    budget = BudgetStatus(total_seconds=3600, charged_seconds=900, remaining_seconds=2700)
    status = ModelStatus(
        phase=RunPhase.SUCCEEDED, performance=a_performance(), artifacts=artifacts, budget=budget, message="Done."
    )
    server.tell("Model", name, status)


def finish_dataset(
    server: LocalServer, name: str = "fruit", images: tuple[LabelledImage, ...] = PROPOSED, tags: tuple[str, ...] = TAGS
) -> None:
    """Create a Dataset that was inspected, with its first pictures."""
    create(
        server, "Dataset", name,
        {"annotationKind": "imageObjectDetection", "annotationFiles": [f"https://data.example/{name}.json?sig=secret"]},
    )  # fmt: skip
    folder = find_place(server, "Dataset", name)
    samples = build_document(LabelFile(tags, images))
    write_results(folder, {"samples.json": samples, "inspection.html": b"<h1>Inspection</h1>", **draw_previews()})
    summary = DatasetSummary(
        images=3,
        annotations=1,
        category_count=2,
        categories=tuple(Category(name=tag, images=1, annotations=1) for tag in tags),
        advice=(Problem(subject="b.png", message="it is very dark"),),
        advice_count=1,
        report=f"{folder.as_uri()}/inspection.html",
    )
    server.tell("Dataset", name, DatasetStatus(phase=DatasetPhase.READY, reason=Reason.READY, summary=summary))


def finish_evaluation(
    server: LocalServer, name: str, model: str, performance: Performance, dataset: str = "fruit"
) -> None:
    """Create an Evaluation that has succeeded."""
    create(server, "Evaluation", name, {"model": model, "dataset": dataset})
    folder = find_place(server, "Evaluation", name)
    files = {"report.html": b"<h1>Report</h1>", "metrics.json": json.dumps({"performance": {}}).encode()}
    artifacts = write_results(folder, files)
    status = EvaluationStatus(phase=RunPhase.SUCCEEDED, performance=performance, artifacts=artifacts)
    server.tell("Evaluation", name, status)


def finish_prediction(
    server: LocalServer, name: str = "rest", images: tuple[LabelledImage, ...] = PROPOSED, tags: tuple[str, ...] = TAGS
) -> pathlib.Path:
    """Create a Prediction that has succeeded; returns its folder."""
    create(server, "Prediction", name, {"model": "sorter", "dataset": "fruit"})
    folder = find_place(server, "Prediction", name)
    files = {"prelabels.json": build_document(LabelFile(tags, images)), **draw_previews()}
    summary = PredictionSummary(images=len(images), objects=1, already_labelled=12)
    status = PredictionStatus(phase=RunPhase.SUCCEEDED, artifacts=write_results(folder, files), summary=summary)
    server.tell("Prediction", name, status)
    return folder

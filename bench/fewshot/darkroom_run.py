"""The method `darkroom`: the whole engine, in this process, from a RunConfig to a published model and its score.

Must not tell it anything but data, task, budget and seed, but where the method has a variant: `darkroom:spends-all`
does not stop early, `darkroom:BACKBONE` names a backbone, `darkroom:random` has no pretrained weights.
"""

import contextlib
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, Final
from unittest import mock

from bench.fewshot.cells import Cell, Row
from darkroom_api import report, run_config
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.v1alpha1.common import AnnotationKind, StopReason, Task
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting
from darkroom_trainer.search import halving as halvings

SPENDS_ALL: Final = "spends-all"
RANDOM: Final = "random"
MOST_TRIALS_KEPT: Final = 40


def train(
    cell: Cell, train: pathlib.Path, test: pathlib.Path, work: pathlib.Path, read_clock: Callable[[], float]
) -> Row:
    """Train on COCO files and measure on the test images; without a model the score is 0 and the details say why."""
    config = build_config(cell, train, test, work)
    with _spending_all() if cell.variant == SPENDS_ALL else contextlib.nullcontext():
        meter = engine.open_meter(config, clock=read_clock)
        outcome = engine.execute(config, work / "scratch", reporting.SilentReporter(), meter=meter)
    if not outcome.succeeded or outcome.performance is None:
        images = len(json.loads(test.read_text())["images"])
        details = {"reason": outcome.reason.value, "message": outcome.message}
        return Row(cell, 0.0, images, outcome.meter.charged_seconds, details, 0.0 if _is_boxed(config) else None)
    found = outcome.performance
    return Row(
        cell,
        found.score or 0.0,
        found.images,
        outcome.meter.charged_seconds,
        _describe(outcome, work / "model"),
        (found.mean_average_precision75 or 0.0) if _is_boxed(config) else None,
    )


def build_config(cell: Cell, train: pathlib.Path, test: pathlib.Path, work: pathlib.Path) -> run_config.RunConfig:
    """Return the config of a training on COCO files that is measured on the test images."""
    boxed = any("bbox" in one for one in json.loads(test.read_text())["annotations"])
    kind = AnnotationKind.DETECTION if boxed else AnnotationKind.CLASSIFICATION
    storage = run_config.StorageAccess(reach=OWN_MACHINE)
    sources = [
        run_config.DatasetSource(
            name=name, annotation_kind=kind, annotation_files=(file.resolve().as_uri(),), storage=storage
        )
        for name, file in (("train", train), ("test", test))
    ]
    return run_config.RunConfig(
        command=run_config.Command.TRAIN,
        resource=run_config.ResourceReference(kind="Model", namespace="bench", name="bench", uid="bench"),
        dataset=sources[0],
        evaluation_dataset=sources[1],
        task=Task.DETECTOR if boxed else Task.CLASSIFIER,
        budget_seconds=cell.budget_seconds,
        seed=cell.seed,
        backbone=cell.variant if cell.variant not in ("", SPENDS_ALL, RANDOM) else None,
        weights=run_config.Weights(embedded=cell.variant != RANDOM),
        output=run_config.Location(uri=(work / "model").resolve().as_uri(), storage=storage),
    )


def _is_boxed(config: run_config.RunConfig) -> bool:
    return config.task is Task.DETECTOR


def _describe(outcome: report.Outcome, folder: pathlib.Path) -> dict[str, Any]:
    """Return what the outcome and the model's own record say about how it came to be."""
    metrics = json.loads((folder / "metrics.json").read_text())
    model = json.loads((folder / "model.json").read_text())
    interval = outcome.performance.score_interval if outcome.performance else None
    return {
        "stop": outcome.stop_reason.value if outcome.stop_reason else None,
        "message": outcome.message,
        "scoreLow": interval.low if interval else None,
        "backbone": model.get("backbone"),
        "light": model.get("light"),
        "lightShare": model.get("light_share"),
        "steps": metrics.get("steps"),
        "holdOut": (metrics.get("holdOut") or {}).get("score"),
        "trials": metrics.get("trials", [])[:MOST_TRIALS_KEPT],
    }


@contextlib.contextmanager
def _spending_all() -> Iterator[None]:
    """Have the search go on for as long as a round fits, whatever it scores."""

    def find_stop(
        _halving: halvings.Halving, _held_out: int, left_seconds: float, least_seconds: float
    ) -> StopReason | None:
        return StopReason.BUDGET_REACHED if left_seconds < least_seconds else None

    with mock.patch.object(halvings, "find_stop", find_stop):
        yield

"""The method `darkroom`: the whole engine, in this process, from a RunConfig to a published model and its score.

Must not tell it anything but data, task, budget and seed.
"""

import json
import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from darkroom_api import conditions, run_config
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting

MOST_TRIALS_KEPT: Final = 40


@dataclass(frozen=True)
class Trained:
    """How a training ended; `score` is on the test images."""

    score: float
    images: int
    charged_seconds: float
    details: dict[str, Any]


def build_config(
    train: pathlib.Path, test: pathlib.Path, work: pathlib.Path, *, boxed: bool, budget_seconds: float, seed: int
) -> run_config.RunConfig:
    """Return the config of a training on COCO files that is measured on the test images."""
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
        budget_seconds=budget_seconds,
        seed=seed,
        output=run_config.Location(uri=(work / "model").resolve().as_uri(), storage=storage),
    )


def train(config: run_config.RunConfig, work: pathlib.Path, clock: Callable[[], float]) -> Trained:
    """Train; raises RuntimeError where no model comes of it."""
    outcome = engine.execute(
        config, work / "scratch", reporting.SilentReporter(), meter=engine.open_meter(config, clock=clock)
    )
    if outcome.reason is not conditions.Reason.SUCCEEDED or outcome.performance is None:
        raise RuntimeError(f"{outcome.reason}: {outcome.message}")
    details = {
        "stop": outcome.stop_reason.value if outcome.stop_reason else None,
        "message": outcome.message,
        **_read_model(work / "model"),
    }
    performance = outcome.performance
    return Trained(performance.score or 0.0, performance.images, outcome.meter.charged_seconds, details)


def _read_model(folder: pathlib.Path) -> dict[str, Any]:
    """Return what the model's own record says about how it came to be."""
    metrics = json.loads((folder / "metrics.json").read_text())
    model = json.loads((folder / "model.json").read_text())
    held_out = metrics.get("holdOut") or {}
    return {
        "backbone": model.get("backbone"),
        "light": model.get("light"),
        "lightShare": model.get("lightShare"),
        "steps": metrics.get("steps"),
        "holdOut": held_out.get("score"),
        "trials": metrics.get("trials", [])[:MOST_TRIALS_KEPT],
    }

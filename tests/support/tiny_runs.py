"""Whole runs on coloured squares, on a clock that moves when it is read: builders for the tests of the trainer."""

import pathlib
import threading
from typing import Any

from darkroom_api import report, run_config
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting

TICK_SECONDS = 0.05
KINDS = {Task.CLASSIFIER: AnnotationKind.CLASSIFICATION, Task.DETECTOR: AnnotationKind.DETECTION}


class TickingClock:
    """A clock that moves when it is read, so that a test takes as many steps on a busy machine as on a quiet one."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        """Return the time, one tick later than before."""
        self._now += TICK_SECONDS
        return self._now

    def pass_by(self, seconds: float) -> None:
        """Move on without being read."""
        self._now += seconds


def a_meter(config: run_config.RunConfig) -> Meter:
    """Return a meter of the run on a clock that moves when it is read."""
    return engine.open_meter(config, clock=TickingClock())


def a_source(task: Task, file: pathlib.Path) -> run_config.DatasetSource:
    """Return the Dataset of a COCO file, as its task needs it."""
    return run_config.DatasetSource(
        name=file.parent.name, annotation_kind=KINDS[task], annotation_files=(file.as_uri(),)
    )


def a_config(command: run_config.Command, task: Task, file: pathlib.Path, **more: Any) -> run_config.RunConfig:
    """Return the configuration of a run on that Dataset."""
    resource = run_config.ResourceReference(kind="Model", namespace="vision", name="squares", uid="u")
    return run_config.RunConfig(command=command, resource=resource, dataset=a_source(task, file), task=task, **more)


def run(command: run_config.Command, task: Task, file: pathlib.Path, work: pathlib.Path, **more: Any) -> report.Outcome:
    """Return how such a run ends."""
    config = a_config(command, task, file, **more)
    return engine.execute(config, work, reporting.SilentReporter(), meter=a_meter(config))


class StopAt:
    """A reporter that asks for a stop when it is told of a stage."""

    def __init__(self, stage: str) -> None:
        self.stop = threading.Event()
        self._stage = stage

    def update(self, *, stage: str, **_others: object) -> None:
        """Set the event at the stage."""
        if stage == self._stage:
            self.stop.set()

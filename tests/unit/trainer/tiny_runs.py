"""Whole runs on coloured squares, on a clock that moves when it is read: builders for the tests of the trainer."""

import json
import pathlib
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from darkroom_api import report, run_config
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting
from tests.local_storage import LOCAL, a_local_place

if TYPE_CHECKING:
    import pytest

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
        name=file.parent.name, annotation_kind=KINDS[task], annotation_files=(file.as_uri(),), storage=LOCAL
    )


def a_config(command: run_config.Command, task: Task, file: pathlib.Path, **more: Any) -> run_config.RunConfig:
    """Return the configuration of a run on that Dataset, without embedded weights unless `more` says so: it is fast."""
    more = {"weights": run_config.Weights(embedded=False), **more}
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


BUDGET_SECONDS = 15.0
"""Of a Bench's Model."""


class Bench(NamedTuple):
    """A Model to train on squares, by attempts."""

    folder: pathlib.Path
    file: pathlib.Path
    task: Task = Task.CLASSIFIER

    def run(self, attempt: int = 1, *, stop_at: str | None = None, **changes: Any) -> report.Outcome:
        """Return how an attempt ends that is asked to stop at a stage, if at all."""
        return self.run_timed(attempt, stop_at=stop_at, **changes)[0]

    def run_timed(
        self, attempt: int = 1, *, stop_at: str | None = None, **changes: Any
    ) -> tuple[report.Outcome, float]:
        """Return how an attempt ends, and how long it worked on its clock."""
        output = a_local_place(self.folder / "model")
        values: dict[str, Any] = {"budget_seconds": BUDGET_SECONDS, "output": output, "attempt": attempt, **changes}
        config = a_config(run_config.Command.TRAIN, self.task, self.file, **values)
        reporter, clock = StopAt(stop_at or "never"), TickingClock()
        meter = engine.open_meter(config, clock=clock)
        return engine.execute(config, self.folder / f"w{attempt}", reporter, reporter.stop, meter), clock()

    def run_with_stall(self, stage: str, seconds: float) -> report.Outcome:
        """Return how a run ended whose machine stood still for a while when it came to `stage`."""
        clock = TickingClock()
        reporter = Stall(stage, clock, seconds)
        output = a_local_place(self.folder / "model")
        config = a_config(
            run_config.Command.TRAIN, Task.CLASSIFIER, self.file, budget_seconds=BUDGET_SECONDS, output=output
        )
        return engine.execute(config, self.folder / "w1", reporter, meter=engine.open_meter(config, clock=clock))

    def read_metrics(self) -> dict[str, Any]:
        """Return what metrics.json of the published model holds."""
        metrics: dict[str, Any] = json.loads((self.folder / "model" / "metrics.json").read_text())
        return metrics

    def list_manifests(self) -> list[pathlib.Path]:
        """Return the checkpoints' manifests, oldest first."""
        paths = sorted((self.folder / "model/checkpoints").glob("*.json"))
        return [path for path in paths if not path.name.startswith("attempt")]


def make_bench(folder: pathlib.Path, patch: "pytest.MonkeyPatch") -> Bench:
    """Return a Model to train on squares, in few steps and with networks alone for as long as the patch lasts."""
    from darkroom_trainer.tasks.classifier import Classifier
    from tests.support import learning

    patch.setattr(Classifier, "least_passes", 100)
    learning.leave_to_networks(patch)
    return Bench(folder, learning.write_squares(folder / "train", 30, boxed=False))


class Stall:
    """A reporter that lets time pass when it is told of a stage."""

    def __init__(self, stage: str, clock: TickingClock, seconds: float) -> None:
        self._stage, self._clock, self._seconds = stage, clock, seconds

    def update(self, *, stage: str, **_others: object) -> None:
        """Let the time pass at the stage."""
        if stage == self._stage:
            self._clock.pass_by(self._seconds)

"""A Model to train on coloured squares, by attempts, for the tests of trainings."""

import json
import pathlib
from typing import Any, NamedTuple

from darkroom_api import report, run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.commands import engine
from tests.support import tiny_runs

BUDGET_SECONDS = 15.0


class Bench(NamedTuple):
    """A Model to train on squares, by attempts."""

    folder: pathlib.Path
    file: pathlib.Path

    def run(self, attempt: int = 1, *, stop_at: str | None = None, **changes: Any) -> report.Outcome:
        """Return how an attempt ends that is asked to stop at a stage, if at all."""
        return self.run_timed(attempt, stop_at=stop_at, **changes)[0]

    def run_timed(
        self, attempt: int = 1, *, stop_at: str | None = None, **changes: Any
    ) -> tuple[report.Outcome, float]:
        """Return how an attempt ends, and how long it worked on its clock."""
        output = run_config.Location(uri=(self.folder / "model").as_uri())
        values: dict[str, Any] = {"budget_seconds": BUDGET_SECONDS, "output": output, "attempt": attempt, **changes}
        config = tiny_runs.a_config(run_config.Command.TRAIN, Task.CLASSIFIER, self.file, **values)
        reporter, clock = tiny_runs.StopAt(stop_at or "never"), tiny_runs.TickingClock()
        meter = engine.open_meter(config, clock=clock)
        return engine.execute(config, self.folder / f"w{attempt}", reporter, reporter.stop, meter), clock()

    def run_with_stall(self, stage: str, seconds: float) -> report.Outcome:
        """Return how a run ended whose machine stood still for a while when it came to `stage`."""
        clock = tiny_runs.TickingClock()
        reporter = Stall(stage, clock, seconds)
        output = run_config.Location(uri=(self.folder / "model").as_uri())
        config = tiny_runs.a_config(
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


class Stall:
    """A reporter that lets time pass when it is told of a stage."""

    def __init__(self, stage: str, clock: tiny_runs.TickingClock, seconds: float) -> None:
        self._stage, self._clock, self._seconds = stage, clock, seconds

    def update(self, *, stage: str, **_others: object) -> None:
        """Let the time pass at the stage."""
        if stage == self._stage:
            self._clock.pass_by(self._seconds)

"""What takes the place of the engine in tests of who calls it: a real training takes minutes.

Owns how runs end in such a test. Owns no expectation.
"""

import io
import pathlib
import threading
from collections.abc import Callable

from darkroom_api.conditions import Reason
from darkroom_api.report import Meter, Outcome
from darkroom_api.run_config import Command, RunConfig
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.dataset import DatasetSummary
from darkroom_trainer.local.display import LineDisplay
from darkroom_trainer.local.execution import Execution
from darkroom_trainer.local.serving.server_worker import Worker
from darkroom_trainer.runtime.reporting import Reporter
from tests.unit.trainer.state_builders import read_state


class Killed(BaseException):
    """The process is gone: nothing after this happens."""


class Engine:
    """Notes what it is told; each command succeeds unless the test says what happens instead."""

    def __init__(self) -> None:
        self.told: list[RunConfig] = []
        self.instead: dict[Command, Callable[[RunConfig, threading.Event], Outcome]] = {}

    def execute(self, config: RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event) -> Outcome:
        """Take the place of engine.execute."""
        assert work.is_dir()
        self.told.append(config)
        reporter.update(percent=10, stage="Working")
        if config.command in self.instead:
            return self.instead[config.command](config, stop)
        return succeed(config)


def succeed(config: RunConfig) -> Outcome:
    """Return how a run ends well."""
    return Outcome(
        command=config.command,
        reason=Reason.CANCELLED if config.publish_only else Reason.SUCCEEDED,
        message="Done.",
        meter=Meter(charged_seconds=20),
        summary=DatasetSummary(images=4, annotations=4, revision="sha256:1"),
        artifacts=Artifacts(uri=config.output.uri) if config.output else None,
    )


def stopped(config: RunConfig, charged_seconds: float = 12.0) -> Outcome:
    """Return how a run ends that kept a checkpoint."""
    meter = Meter(charged_seconds=charged_seconds)
    return Outcome(command=config.command, reason=Reason.RETRYING_AFTER_DISRUPTION, message="stopped", meter=meter)


def a_worker(root: pathlib.Path) -> Worker:
    (root / "work").mkdir(exist_ok=True)
    state = read_state(root)
    return Worker(state, Execution(state, LineDisplay(io.StringIO()), root / "work"))


def kill(_config: RunConfig, _stop: threading.Event) -> Outcome:
    raise Killed

"""One resource of a run on this machine, from its RunConfig to the status that its run ends with.

Owns what is kept and shown while the engine works. Must not do: choose what runs, or end the process.
"""

import pathlib
import platform
import tempfile
import threading
import time

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.results import AnyStatus
from darkroom_api.run_config import RunConfig
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_trainer.local import status as statuses
from darkroom_trainer.local.board import BoardEntry, Resources, read_clock
from darkroom_trainer.local.display import Display
from darkroom_trainer.local.reporter import StatusReporter


class Execution:
    """Runs resources one after the other; `work` is a scratch folder for all of them."""

    def __init__(self, resources: Resources, display: Display, work: pathlib.Path) -> None:
        self._resources = resources
        self._display = display
        self._work = work

    def note(self, entry: BoardEntry, status: AnyStatus) -> None:
        """Take a new status: kept first, then shown."""
        entry.status = status
        self._resources.keep(entry)
        self._display.end_progress()
        self._display.say(f"{entry.shown}  {status.phase}  {status.reason}: {status.message}")

    def execute(self, entry: BoardEntry, config: RunConfig, stop: threading.Event) -> Outcome:
        """Run `config` and note how it ended; a run that was stopped has not ended, but its attempt has."""
        from darkroom_trainer.commands import engine  # checks and tables should not wait for its imports

        self.note(entry, statuses.begin(entry.status, config, platform.node(), read_clock()))
        spec = entry.manifest.spec
        if isinstance(spec, ModelSpec) and spec.compute is not None and (spec.compute.nodes or 1) > 1:
            told = f"compute.nodes: {spec.compute.nodes} are a cluster's; it trains on this machine's devices alone"
            self._display.say(f"{entry.shown}  {told}")
        began = time.monotonic()
        reporter = StatusReporter(self._resources, entry, self._display)
        with tempfile.TemporaryDirectory(dir=self._work) as work:
            outcome = engine.execute(config, pathlib.Path(work), reporter, stop)
        status = statuses.finish(entry.status, outcome, time.monotonic() - began, read_clock())
        if outcome.reason is Reason.RETRYING_AFTER_DISRUPTION:
            entry.status = statuses.keep_meters(entry.status, status)
        else:
            self.note(entry, status)
        return outcome

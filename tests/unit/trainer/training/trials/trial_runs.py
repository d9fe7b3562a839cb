"""Searches on a clock that steps alone move, and what their windows end with: for tests of several devices."""

import os
import pathlib
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from darkroom_api import report, run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import cpus
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training import fitting
from tests.local_storage import a_local_place
from tests.support import learning
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.training.trials import window_notes, work_clock

BUDGET_SECONDS = 220.0
LEAST_PASSES = 16
IMAGES = 16
BATCH_DIVISOR = 4
"""For batches of eight images, which four devices can just share."""


class StopAfter:
    """A reporter that asks for a stop, after it did something else, once so much was charged."""

    def __init__(self, charged_seconds: float, act: Callable[[], None] = lambda: None) -> None:
        self.stop = threading.Event()
        self._charged_seconds = charged_seconds
        self._act = act

    def update(self, *, charged_seconds: float | None = None, **_others: Any) -> None:
        """Act once, when the charge is there."""
        if charged_seconds is not None and charged_seconds >= self._charged_seconds and not self.stop.is_set():
            self._act()
            self.stop.set()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Have each process of one to four devices compute with one thread, so that all add up in the same order."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:2])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def worked() -> Iterator[None]:
    """Let steps be all that takes time, few of them enough for four trials, and each be reported."""
    with pytest.MonkeyPatch.context() as patch, one_thread_each():
        work_clock.stop_with(patch)
        patch.setattr(cpus, "find_threads", lambda: 1)
        patch.setattr(Classifier, "least_passes", LEAST_PASSES)
        patch.setattr(fitting, "REPORT_EVERY_SECONDS", 0.0)
        learning.leave_to_networks(patch)
        yield


class TrialBench:
    """A Model to train on squares, on any number of devices, by attempts; notes how each window ends."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.windows: window_notes.Windows = {}
        self._file = folder.parent / "train" / "annotations.json"
        if not self._file.exists():
            learning.write_squares(self._file.parent, IMAGES, boxed=False)

    def copy(self, name: str) -> "TrialBench":
        """Return the same Model as it is now, at another place."""
        found = TrialBench(self.folder.with_name(name))
        shutil.copytree(self.folder / "model", found.folder / "model")
        found.windows = dict(self.windows)
        return found

    def run(self, devices: int, attempt: int = 1, reporter: StopAfter | None = None, **changes: Any) -> report.Outcome:
        """Return how an attempt on so many devices ends."""
        config = tiny_runs.a_config(
            run_config.Command.TRAIN,
            Task.CLASSIFIER,
            self._file,
            devices=devices,
            attempt=attempt,
            budget_seconds=BUDGET_SECONDS,
            batch_divisor=BATCH_DIVISOR,
            output=a_local_place(self.folder / "model"),
            **changes,
        )
        told = reporter or StopAfter(float("inf"))
        meter = engine.open_meter(config, clock=work_clock.WorkClock())
        with window_notes.noting(self.windows):
            return engine.execute(config, self.folder / f"w{attempt}", told, told.stop, meter)

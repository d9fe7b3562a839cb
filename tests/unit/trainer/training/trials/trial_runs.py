"""Whole searches on a clock that steps alone move, alike in every process: for tests of trials on several devices."""

import pathlib
from typing import Any

import torch

from darkroom_api import report, run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.commands import engine
from darkroom_trainer.loop import training_loop
from darkroom_trainer.runtime import reporting
from tests.local_storage import a_local_place
from tests.support import learning
from tests.unit.trainer import tiny_runs

BUDGET_SECONDS = 190.0


class WorkClock:
    """A clock that a step moves by a second, by the half where two devices share it; copies go with orders."""

    def __init__(self) -> None:
        self.now = 0.0
        self.drive()

    def __call__(self) -> float:
        """Return the seconds so far."""
        self.now += 1e-6
        return self.now

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin to move with the steps of the process that this came to."""
        self.__dict__.update(state)
        self.drive()

    def drive(self) -> None:
        """Make the steps of this process move this clock, and no other."""
        step = getattr(training_loop.Learner.take_step, "plain", training_loop.Learner.take_step)

        def stepping(learner: training_loop.Learner, rate: float) -> torch.Tensor:
            self.now += 1.0 / learner.peers.size
            return step(learner, rate)

        stepping.plain = step  # type: ignore[attr-defined]
        training_loop.Learner.take_step = stepping  # type: ignore[method-assign]

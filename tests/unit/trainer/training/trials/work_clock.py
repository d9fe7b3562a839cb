"""A clock that steps alone move, in whatever process they are taken. Light, for each process of a run imports it."""

from typing import Any

import torch

from darkroom_trainer.loop import training_loop


class WorkClock:
    """A clock that a step moves by a second, by half of one where two devices share it; its copies do the same."""

    def __init__(self) -> None:
        self._now = 0.0
        self._drive()

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self._now

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Move with the steps of the process that this came to."""
        self.__dict__.update(state)
        self._drive()

    def _drive(self) -> None:
        """Have the steps of this process move this clock, and no other."""
        step = getattr(training_loop.Learner.take_step, "plain", training_loop.Learner.take_step)

        def take_step(learner: training_loop.Learner, rate: float) -> torch.Tensor:
            self._now += 1.0 / learner.peers.size
            return step(learner, rate)

        take_step.plain = step  # type: ignore[attr-defined]
        training_loop.Learner.take_step = take_step  # type: ignore[method-assign]

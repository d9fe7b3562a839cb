"""A clock that steps alone move, in whatever process they are taken. Light, for each process of a run imports it."""

import math
from typing import TYPE_CHECKING, Any, Final

import torch

from darkroom_trainer.loop import training_loop

if TYPE_CHECKING:
    import pytest

WILD_RATE: Final = 1e3
"""Steps at such a learning rate take no time, and their loss is no number."""


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
            if rate > WILD_RATE:
                return torch.tensor(math.nan)
            self._now += 1.0 / learner.peers.size
            return step(learner, rate)

        take_step.plain = step  # type: ignore[attr-defined]
        training_loop.Learner.take_step = take_step  # type: ignore[method-assign, assignment]


def stop_with(patch: "pytest.MonkeyPatch") -> None:
    """Have steps move no clock any more once the patch ends."""
    patch.setattr(training_loop.Learner, "take_step", training_loop.Learner.take_step)

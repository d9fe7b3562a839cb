"""One window of a learner to its end: a lower rate after a loss that diverged, a smaller batch after memory ran out,
and the same step again after a node was lost.

Owns what is done when a step fails, in the first process and in those of further devices alike. Must not decide how
long a window is or what follows it.
"""

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.loop import memory, training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.parallel import ends

LOG = logging.getLogger(__name__)

LOWER_RATE: Final = 0.2
"""After a loss that is no number, the window is tried once more at this part of the learning rate."""


class Course(Protocol):
    """What trains, and for how long."""

    learner: training_loop.Learner
    window: training_loop.Window


@dataclass(frozen=True)
class Conditions:
    """What a window is trained under.

    `expect_step` tells what a recipe's first step takes, in charged seconds; `join` has a learner's peers take part
    meanwhile.
    """

    meter: Meter
    hooks: training_loop.Hooks
    expect_step: Callable[[Recipe], float]
    join: Callable[[training_loop.Learner], contextlib.AbstractContextManager[None]]
    stop: threading.Event | None = None


def train_alone(_learner: training_loop.Learner) -> contextlib.AbstractContextManager[None]:
    """Have no peers take part."""
    return contextlib.nullcontext()


def train_through(course: Course, conditions: Conditions) -> float | None:
    """Train through the window; returns what a step took in the end, as `train_window` does.

    Raises NonFiniteLoss where the loss diverged again, with the learner as it was before; RunStopped; and
    RunError(OutOfMemory) where not one image fits.
    """
    learner = course.learner
    start = sessions.snapshot(learner)
    try:
        return _train(course, conditions)
    except training_loop.NonFiniteLoss:
        LOG.warning("the loss is not finite; once more at a lower learning rate")
    sessions.restore(learner, start)
    rate = learner.recipe.peak_learning_rate * LOWER_RATE
    learner.recipe = dataclasses.replace(learner.recipe, peak_learning_rate=rate)
    course.window = training_loop.Window(conditions.meter.charged_seconds, course.window.ends_at)
    try:
        return _train(course, conditions)
    except training_loop.NonFiniteLoss:
        sessions.restore(learner, start)
        raise


def _train(course: Course, conditions: Conditions) -> float | None:
    learner = course.learner
    while True:
        try:
            with conditions.join(learner):
                return training_loop.train_window(
                    learner,
                    course.window,
                    conditions.meter,
                    conditions.hooks,
                    conditions.stop,
                    conditions.expect_step(learner.recipe),
                )
        except ends.NodesLost as error:
            learner.optimizer.zero_grad(set_to_none=True)
            LOG.warning("%s; the devices that are left take the step again", error)
        except (RuntimeError, MemoryError) as error:
            learner.optimizer.zero_grad(set_to_none=True)
            learner.recipe = memory.recover(error, learner.recipe, learner.device)

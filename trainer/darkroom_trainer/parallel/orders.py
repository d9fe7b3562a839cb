"""What the first process of a run tells the others, and what they answer.

A process is assigned a learner. With a place to meet it takes the steps that are announced, together with the others;
without one it trains a trial alone.

Owns the messages, which travel over a pipe between processes of one program, and between pods over `nodes.channel`.
Must not act on them, nor import torch.
"""

import pathlib
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Integers, Truth
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.search.halving import Score


@dataclass(frozen=True)
class Assignment:
    """A learner as a process needs it: its place among the devices, data, and where weights are.

    The device is number `rank` of `size` in all, and `local_rank` of the `local_devices` of its pod. `rendezvous` is
    the address at which the devices meet; None for a learner that shares no step. `folder` takes the files of answers.
    """

    rank: int
    size: int
    local_rank: int
    local_devices: int
    rendezvous: str | None
    folder: pathlib.Path
    task: Task
    labels: tuple[str, ...]
    recipe: Recipe
    seed: int
    step: int
    state_file: pathlib.Path
    images_file: pathlib.Path
    targets: dict[str, npt.NDArray[np.generic]]
    rows: npt.NDArray[np.int64]
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Step:
    """Take one step at this learning rate, with the batch of all devices this large."""

    rate: float
    batch_size: int


@dataclass(frozen=True)
class TrialOrder:
    """Train trial `number` alone for what is left of a window, then score; seconds are one device's charged seconds.

    The meter begins with the training. The answer is a Standing.
    """

    number: int
    meter: Meter
    length_seconds: float
    spent_seconds: float
    first_step_seconds: float
    rate_scale: float
    held_out: Integers
    truths: list[Truth]


@dataclass(frozen=True)
class StandingOrder:
    """Say where the trial stands, after the step that it is in; it goes on meanwhile."""


@dataclass(frozen=True)
class Ready:
    """The code is loaded; after an assignment: it is understood, and the process joins the others now."""


@dataclass(frozen=True)
class Standing:
    """Where a trial stands; over, it has a score, unless its loss diverged twice.

    `file` holds the weights, with the optimizer's state of a trial that goes on; it is there until the next order. A
    first loss that diverged shortens the window to what was left of it. `losses` has (step, share of the window, loss)
    for each look at the loss, `cost_seconds` is what the trial took.
    """

    file: pathlib.Path
    step: int
    recipe: Recipe
    spent_seconds: float
    length_seconds: float
    cost_seconds: float
    losses: tuple[tuple[int, float, float], ...]
    is_over: bool = False
    score: Score | None = None

    @property
    def has_diverged(self) -> bool:
        """Return whether nothing came of the trial."""
        return self.is_over and self.score is None


@dataclass(frozen=True)
class Failure:
    """The process ends, and why; `has_lost_touch` where all that it knows is that another device did not answer."""

    message: str
    is_out_of_memory: bool
    has_lost_touch: bool = False


Answer: TypeAlias = Ready | Standing | Failure
"""What a process answers."""

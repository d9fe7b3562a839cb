"""What the first process of a run tells the others, and what they answer.

Owns the messages, which travel over a pipe between processes of one program. Must not act on them, nor
import torch.
"""

import pathlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import Recipe


@dataclass(frozen=True)
class Assignment:
    """A window's training as a process needs it to take part: place among the devices, data, and where weights are."""

    rank: int
    size: int
    rendezvous: pathlib.Path
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
class Ready:
    """The assignment is understood: the process joins the others now."""


@dataclass(frozen=True)
class Failure:
    """The process ends, and why."""

    message: str
    is_out_of_memory: bool

"""A running average of a model's numbers over its last steps, and the model with it for a while.

Owns the average's arithmetic. Must not decide whether it is used.
"""

import contextlib
from collections.abc import Iterator
from typing import Final

import torch
from torch import nn

HORIZON_SHARE: Final = 0.05
"""Steps that the average reaches back, as a part of those taken: so it needs to know no end, which is a time here."""
MAX_HORIZON: Final = 2_000.0

Numbers = dict[str, torch.Tensor]


def compute_decay(step: int) -> float:
    """Return what the average keeps of itself after step `step`, from 1: nothing at first."""
    return 1 - 1 / (1 + min(MAX_HORIZON, HORIZON_SHARE * (step - 1)))


def copy_numbers(model: nn.Module) -> Numbers:
    """Return a copy of all that the average is about: floating point parameters and buffers."""
    return {name: value.clone() for name, value in _find_numbers(model).items()}


def update(average: Numbers, model: nn.Module, step: int) -> None:
    """Take the model's numbers after step `step` into the average, in place."""
    numbers = _find_numbers(model)
    torch._foreach_lerp_([average[name] for name in numbers], list(numbers.values()), 1 - compute_decay(step))


def fill(average: Numbers, saved: Numbers) -> None:
    """Put saved numbers into the average."""
    for name, values in saved.items():
        average[name].copy_(values)


@contextlib.contextmanager
def swap_in(model: nn.Module, average: Numbers) -> Iterator[None]:
    """Give the model the average's numbers meanwhile."""
    numbers = _find_numbers(model)
    own = {name: value.clone() for name, value in numbers.items()}
    try:
        fill(numbers, average)
        yield
    finally:
        fill(numbers, own)


def _find_numbers(model: nn.Module) -> Numbers:
    return {name: value for name, value in model.state_dict().items() if value.is_floating_point()}

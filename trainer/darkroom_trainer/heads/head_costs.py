"""How long and how large frozen-feature classifiers and frozen networks are.

Owns the measuring; what follows from it is the ledger's. Must not keep what was computed.
"""

from collections.abc import Callable, Collection
from typing import Final

import torch
from torch import nn

from darkroom_predict.predictions import Integers
from darkroom_trainer.tasks.base import LearnedData, take_images

TIMED_IMAGES: Final = 8

Seconds = Callable[[], float]
"""What has been charged so far."""


def time_image(models: Collection[nn.Module], data: LearnedData, rows: Integers, charged_seconds: Seconds) -> float:
    """Return what the fastest of the models takes for an image, in charged seconds; 0 without any."""
    if not models:
        return 0.0
    images = take_images(data, torch.from_numpy(rows[:TIMED_IMAGES]))
    return min(_time(model, images, charged_seconds) for model in models) / len(images)


def _time(model: nn.Module, images: torch.Tensor, charged_seconds: Seconds) -> float:
    started = charged_seconds()
    with torch.inference_mode():
        model(images).sum().item()  # waits for a GPU
    return charged_seconds() - started


def count_million_parameters(models: Collection[nn.Module]) -> float:
    """Return the numbers that the largest of the models holds; 0 without any."""
    return max((sum(value.numel() for value in model.state_dict().values()) for model in models), default=0) / 1e6

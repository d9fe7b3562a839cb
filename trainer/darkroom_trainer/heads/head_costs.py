"""What frozen-feature classifiers take: an image through a network or a head, and their part of the export.

Owns the measuring; what follows from it is the ledger's. Must not keep what was computed.
"""

from collections.abc import Callable, Iterable
from typing import Final

import torch
from torch import nn

from darkroom_predict.predictions import Integers
from darkroom_trainer.budget import costs
from darkroom_trainer.tasks.base import LearnedData, take_images

TIMED_IMAGES: Final = 8

Seconds = Callable[[], float]
"""What has been charged so far."""


def time_image(models: Iterable[nn.Module], data: LearnedData, rows: Integers, charged_seconds: Seconds) -> float:
    """Return what the fastest of the models takes for an image, in charged seconds; 0 without any."""
    images = take_images(data, torch.from_numpy(rows[:TIMED_IMAGES]))
    return min((_time(model, images, charged_seconds) for model in models), default=0.0) / len(images)


def _time(model: nn.Module, images: torch.Tensor, charged_seconds: Seconds) -> float:
    started = charged_seconds()
    with torch.inference_mode():
        model(images).sum().item()  # waits for a GPU
    return charged_seconds() - started


def estimate_export_wall_seconds(head: nn.Module) -> float:
    """Return what a head adds to the export of a model, on the clock."""
    values = sum(value.numel() for value in head.state_dict().values())
    return costs.estimate_export_wall_seconds(0.0, values / 1e6)

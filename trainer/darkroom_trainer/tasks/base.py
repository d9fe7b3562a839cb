"""The one interface of all tasks: a model, its loss, how outputs become predictions, and how those are scored.

Owns the words that the loop, the training and the evaluation use. Must not know any particular task.
"""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from darkroom_api.v1alpha1.common import Performance, Task
from darkroom_trainer.data.dataset import Example
from darkroom_trainer.metrics.baseline import BaselineTest
from darkroom_trainer.tasks.predictions import Integers, Prediction, Truth

Targets = dict[str, torch.Tensor]
"""Named tensors whose first dimension is the image."""


@dataclass(frozen=True)
class Batch:
    """Images (B, 3, S, S) in [0, 1] with their targets, on the device."""

    images: torch.Tensor
    targets: Targets


class LearningTask(abc.ABC):
    """What differs between tasks; one loop serves them all. Stateless but for the labels."""

    kind: ClassVar[Task]
    augmentation_draws: ClassVar[int]
    """Uniform numbers that `augment` takes for each image."""
    least_passes: ClassVar[int]
    """Image passes of the smallest training that is of any use."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels

    @abc.abstractmethod
    def build_model(self, backbone: str, weights: dict[str, torch.Tensor] | None = None) -> nn.Module:
        """Return a model that takes normalized images (B, 3, S, S); `weights` fill its backbone."""

    @abc.abstractmethod
    def build_targets(self, examples: Sequence[Example], rows: Integers) -> Targets:
        """Return tensors with as many rows as `examples`; only `rows` have to be right."""

    @abc.abstractmethod
    def augment(self, batch: Batch, draws: torch.Tensor) -> Batch:
        """Return a varied batch; `draws` (B, augmentation_draws) in [0, 1) are all of its randomness."""

    @abc.abstractmethod
    def compute_loss(self, outputs: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Return the scalar loss in float32; waits for nothing on the device."""

    def count_terms(self, outputs: torch.Tensor, targets: Targets) -> torch.Tensor:  # noqa: ARG002
        """Return how many terms `compute_loss` is a mean of: the weight of a slice among the slices of a batch."""
        return torch.tensor(float(len(outputs)), device=outputs.device)

    @abc.abstractmethod
    def decode(self, outputs: torch.Tensor) -> list[Prediction]:
        """Return one Prediction for each row of `outputs`."""

    @abc.abstractmethod
    def measure(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> Performance:
        """Return all scores of aligned predictions and truths."""

    @abc.abstractmethod
    def compare_with_baseline(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> BaselineTest:
        """Return whether the predictions beat guessing by more than chance explains."""

    def choose_threshold(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> float:  # noqa: ARG002
        """Return the confidence from which answers are shown; 0 for a task that always answers."""
        return 0.0

"""The one interface of all tasks: a model, its loss, how outputs become predictions, and how those are scored.

Owns the words that the loop, the training and the evaluation use. Must not know any particular task.
"""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import nn

from darkroom_api.v1alpha1.common import Performance, Task
from darkroom_predict.predictions import Integers, Prediction, Truth
from darkroom_trainer.augmentation.policies import STANDARD, AugmentationPolicy
from darkroom_trainer.data.records.dataset import Example
from darkroom_trainer.features.normalization import normalize, to_float
from darkroom_trainer.metrics.statistics.baseline import BaselineTest

Targets = dict[str, torch.Tensor]
"""Named tensors whose first dimension is the image."""


@dataclass(frozen=True)
class Batch:
    """Images (B, 3, S, S) in [0, 1] with their targets, on the device."""

    images: torch.Tensor
    targets: Targets


class LearnedData(Protocol):
    """What a model has learned from: decoded images (N, S, S, 3) uint8, their targets, how they are normalized."""

    @property
    def images(self) -> torch.Tensor:
        """Return the pixels of all images."""

    @property
    def targets(self) -> Targets:
        """Return the targets of all images."""

    @property
    def rows(self) -> Integers:
        """Return the images that were learned from."""

    @property
    def mean(self) -> torch.Tensor:
        """Return the mean of each colour (3, 1, 1), on the model's device."""

    @property
    def std(self) -> torch.Tensor:
        """Return the standard deviation of each colour (3, 1, 1), on the model's device."""


def take_images(data: LearnedData, rows: torch.Tensor) -> torch.Tensor:
    """Return the images (K, 3, S, S) of rows (K,), normalized, on the model's device."""
    images = data.images[rows.to(data.images.device)].to(data.mean.device)
    return normalize(to_float(images), data.mean, data.std)


class LearningTask(abc.ABC):
    """What differs between tasks; one loop serves them all. Stateless but for the labels."""

    kind: ClassVar[Task]
    augmentation_draws: ClassVar[int]
    """Uniform numbers that `augment` takes for each image."""
    least_passes: ClassVar[int]
    """Image passes of the smallest training that is of any use."""

    most_finished: ClassVar[int] = 0
    """Images that `finish` and `tune` look at once more, at most; the budget has to allow for them."""
    export_seconds: ClassVar[float] = 0.4
    """To write the smallest network as ONNX and run it against torch, on one core."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels

    @abc.abstractmethod
    def build_model(
        self,
        backbone: str,
        weights: dict[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
        network: str = "",
    ) -> nn.Module:
        """Return a model that takes normalized images (B, 3, S, S); `weights` fill its backbone.

        Some backbones are made for one size of image: give it, else such a one resizes every image to its own. Only a
        detector can be a whole `network` with weights from other pictures, see `Recipe.network`.
        """

    @abc.abstractmethod
    def build_targets(self, examples: Sequence[Example], rows: Integers) -> Targets:
        """Return tensors with as many rows as `examples`; only `rows` have to be right."""

    @abc.abstractmethod
    def augment(
        self, batch: Batch, draws: torch.Tensor, policy: AugmentationPolicy = STANDARD, others: Batch | None = None
    ) -> Batch:
        """Return a varied batch; `draws` (B, augmentation_draws) in [0, 1) are all of its randomness.

        `others` holds as many images for each of the batch as `count_others` asks for, one image's after another's.
        """

    def count_others(self, policy: AugmentationPolicy) -> int:  # noqa: ARG002
        """Return how many further images `augment` takes for each image under this policy."""
        return 0

    @abc.abstractmethod
    def compute_loss(self, outputs: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Return the scalar loss in float32; waits for nothing on the device."""

    def count_terms(self, outputs: torch.Tensor, targets: Targets) -> torch.Tensor:  # noqa: ARG002
        """Return how many terms `compute_loss` is a mean of: the weight of a slice among the slices of a batch."""
        return torch.tensor(float(len(outputs)), device=outputs.device)

    def finish(self, model: nn.Module, data: LearnedData) -> None:  # noqa: B027 - most tasks are done when steps are
        """Compute what the model knows from its images but not by steps; to call after each fit, before predicting."""

    def tune(self, model: nn.Module, data: LearnedData, rows: Integers) -> None:  # noqa: B027 - most leave nothing open
        """Settle by held-out rows what `finish` left open; the final model keeps it."""

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

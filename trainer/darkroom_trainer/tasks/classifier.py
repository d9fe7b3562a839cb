"""One tag for each image: a timm backbone with a linear head and cross entropy.

Owns everything special about classification.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import nn

from darkroom_api.v1alpha1.common import Performance, Task
from darkroom_predict.decoding.tags import decode_exclusive
from darkroom_predict.predictions import Integers, Prediction, Truth
from darkroom_trainer.augmentation import policies, transforms
from darkroom_trainer.data.records.dataset import Example
from darkroom_trainer.metrics.statistics import baseline
from darkroom_trainer.metrics.tag_scores import classification
from darkroom_trainer.networks import backbones
from darkroom_trainer.tasks import base, mixing

LABEL_SMOOTHING: Final = 0.05
MAX_TURN: Final = math.radians(12)
MAX_ZOOM: Final = 0.12
MAX_SHIFT: Final = 0.1
MAX_SHEAR: Final = 0.1
LIGHT: Final = 0.2


class Classifier(base.LearningTask):
    """Targets: `label` (N,) int64. Outputs: logits (B, C)."""

    kind = Task.CLASSIFIER
    least_passes = 1500
    augmentation_draws = transforms.DRAWS

    def build_model(
        self,
        backbone: str,
        weights: dict[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
        network: str = "",  # noqa: ARG002
    ) -> nn.Module:
        """Return the backbone with a linear head."""
        model = backbones.build_classifier(backbone, len(self.labels), image_size_px)
        if weights:
            backbones.load_backbone_weights(model, weights, backbone, image_size_px)
        return model

    def build_targets(self, examples: Sequence[Example], rows: Integers) -> base.Targets:
        """Return the one label of each example."""
        labels = torch.full((len(examples),), -1, dtype=torch.int64)
        for row in rows.tolist():
            labels[row] = examples[row].labels[0]
        return {"label": labels}

    def augment(
        self,
        batch: base.Batch,
        draws: torch.Tensor,
        policy: policies.AugmentationPolicy = policies.STANDARD,
        others: base.Batch | None = None,
    ) -> base.Batch:
        """Mix, turn, zoom, shear, shift and mirror, vary light and colours, then erase: as far as the policy goes."""
        if others is not None:
            batch = mixing.mix(batch, others, draws[:, transforms.MIX_AT])
        matrices = _build_matrices(draws[:, transforms.PLACE_AT], policy.scale)
        if policy.flip:
            matrices = transforms.mirror(matrices, draws[:, transforms.FLIP_AT])
        images = transforms.warp(batch.images, matrices)
        images = transforms.vary_colors(images, draws, LIGHT, policy)
        if policy.erased_share:
            images = transforms.erase(images, draws[:, transforms.ERASE_AT], policy.erased_share)
        return base.Batch(images, batch.targets)

    def count_others(self, policy: policies.AugmentationPolicy) -> int:
        """Return 1 where images are mixed with others."""
        return int(policy.mix)

    def compute_loss(self, outputs: torch.Tensor, targets: base.Targets) -> torch.Tensor:
        """Return the cross entropy with light label smoothing; a mixed image's two tags count by their shares."""
        logits, mixed = outputs.float(), mixing.split_mixed(targets)
        if mixed is None:
            return nn.functional.cross_entropy(logits, targets["label"], label_smoothing=LABEL_SMOOTHING)
        others, share = mixed
        own, other = (
            nn.functional.cross_entropy(logits, labels, reduction="none", label_smoothing=LABEL_SMOOTHING)
            for labels in (targets["label"], others["label"])
        )
        return torch.lerp(other, own, share).mean()

    def decode(self, outputs: torch.Tensor) -> list[Prediction]:
        """Return all labels with their probabilities, best first."""
        return decode_exclusive(outputs.float().cpu().numpy())

    def measure(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> Performance:
        """Return accuracy, average precision and calibration."""
        return classification.measure_classification(predictions, truths, self.labels)

    def compare_with_baseline(
        self, predictions: Sequence[Prediction], truths: Sequence[Truth]
    ) -> baseline.BaselineTest:
        """Compare the best guesses with always guessing the most common tag."""
        guesses = np.array([prediction.labels[0] for prediction in predictions], dtype=np.int64)
        return baseline.compare_answers(guesses, np.array([truth.labels[0] for truth in truths], dtype=np.int64))


def _build_matrices(draws: torch.Tensor, scale: float) -> torch.Tensor:
    turn = transforms.spread(draws[:, 0], MAX_TURN * scale)
    zoom = 1 + transforms.spread(draws[:, 1], MAX_ZOOM * scale)
    stretch = 1 + transforms.spread(draws[:, 2], MAX_ZOOM * scale / 2)
    shear = transforms.spread(draws[:, 3], MAX_SHEAR * scale)
    shifts = transforms.spread(draws[:, 4:6], MAX_SHIFT * scale)
    cosine, sine = torch.cos(turn) * zoom, torch.sin(turn) * zoom
    rows = ((cosine * stretch, shear - sine, shifts[:, 0]), (sine, cosine / stretch, shifts[:, 1]))
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)

"""Any number of tags for an image: the classifier's network with a yes or no for each tag.

Owns the loss, the decoding and the threshold of tags that do not exclude each other. An image without tags says of
every tag that it is not there.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from darkroom_api.v1alpha1.common import Performance, Task
from darkroom_predict.decoding.tags import decode_independent
from darkroom_predict.predictions import Integers, Prediction, Truth
from darkroom_trainer.data.records.dataset import Example
from darkroom_trainer.metrics.statistics import baseline
from darkroom_trainer.metrics.tag_scores import classification, tagging
from darkroom_trainer.tasks import base, classifier, mixing

FIRST_TAGS: Final = 2.0
"""Tags that an image is taken to have before anything is learned: with 2,000 of them, starting from a half each would
spend the budget on unlearning."""
MOST_WEIGHT: Final = 8.0
"""The most that an image with a rare tag counts, against one without it."""


class MultilabelClassifier(classifier.Classifier):
    """Targets: `label` (N, M) int32, -1 for none, with the `weight` (N, M) of each. Outputs: logits (B, C)."""

    kind = Task.MULTILABEL_CLASSIFIER
    least_passes = 2000

    def build_model(
        self,
        backbone: str,
        weights: dict[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
        network: str = "",
    ) -> nn.Module:
        """Return the backbone with a linear head that starts from saying no."""
        model = super().build_model(backbone, weights, image_size_px, network)
        share = min(0.5, FIRST_TAGS / len(self.labels))
        heads = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
        if heads and heads[-1].bias is not None:
            nn.init.constant_(heads[-1].bias, float(np.log(share / (1 - share))))
        return model

    def build_targets(self, examples: Sequence[Example], rows: Integers) -> base.Targets:
        """Return the tags of each example, filled up to the most that any has, with what each counts."""
        most = max(1, max((len(set(examples[row].labels)) for row in rows.tolist()), default=1))
        labels = np.full((len(examples), most), -1, dtype=np.int32)
        for row in rows.tolist():
            own = sorted(set(examples[row].labels))
            labels[row, : len(own)] = own
        weights = compute_weights(labels, len(rows), len(self.labels))
        return {"label": torch.from_numpy(labels), "weight": torch.from_numpy(weights)}

    def compute_loss(self, outputs: torch.Tensor, targets: base.Targets) -> torch.Tensor:
        """Return the binary cross entropy summed over tags, as a mean over images."""
        wanted, weights = spread_tags(targets, outputs.shape[1])
        mixed = mixing.split_mixed(targets)
        if mixed is not None:
            wanted_other, weights_other = spread_tags(mixed[0], outputs.shape[1])
            share = mixed[1][:, None]
            wanted, weights = torch.lerp(wanted_other, wanted, share), torch.lerp(weights_other, weights, share)
        terms = functional.binary_cross_entropy_with_logits(outputs.float(), wanted, weights, reduction="sum")
        return terms / len(outputs)

    def decode(self, outputs: torch.Tensor) -> list[Prediction]:
        """Return all tags with their confidences, best first; they add up to nothing in particular."""
        return decode_independent(outputs.float().cpu().numpy())

    def measure(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> Performance:
        """Return average precision, over tags and of each."""
        return classification.measure_multilabel(predictions, truths, self.labels)

    def compare_with_baseline(
        self, predictions: Sequence[Prediction], truths: Sequence[Truth]
    ) -> baseline.BaselineTest:
        """Compare the order that the scores give with one that knows only how common the tags are."""
        return tagging.compare_with_frequencies(*self._stack(predictions, truths))

    def choose_threshold(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> float:
        """Return the confidence to show tags from, by F1."""
        return tagging.choose_threshold(*self._stack(predictions, truths))

    def _stack(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> tuple[np.ndarray, np.ndarray]:
        count = len(self.labels)
        return classification.stack_scores(predictions, count), classification.stack_relevant(truths, count)


def compute_weights(labels: np.ndarray, images: int, num_labels: int) -> np.ndarray:
    """Return for each tag of `labels` (N, M) what it counts: the root of how many images lack it for each that has it.

    The full ratio would make a tag of one image shout down all others; without any, rare tags are never said.
    """
    counts = np.bincount(labels[labels >= 0], minlength=num_labels)
    ratios = (images - counts) / np.maximum(1, counts)
    by_tag = np.clip(np.sqrt(ratios), 1.0, MOST_WEIGHT).astype(np.float32)
    weights: np.ndarray = np.where(labels >= 0, by_tag[np.maximum(labels, 0)], np.float32(1))
    return weights


def spread_tags(targets: base.Targets, num_labels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which tags (B, C) each image has, as 0 and 1, and what each answer counts."""
    labels = targets["label"].long()
    size = (len(labels), num_labels + 1)
    places = torch.where(labels >= 0, labels, num_labels)
    wanted = torch.zeros(size, device=labels.device).scatter(1, places, 1.0)
    weights = torch.ones(size, device=labels.device).scatter(1, places, targets["weight"].float())
    return wanted[:, :num_labels], weights[:, :num_labels]

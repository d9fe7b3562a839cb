"""The model that answers: a network, a frozen-feature classifier, or the ensemble of both.

Owns the ensemble; `ensemble_weights` chooses the weight. A small network that learns from scratch and a linear model on
fixed features err on different images, and which is better depends on how many images there are: held-out images
decide. Must not train.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.heads.fits import model as heads
from darkroom_trainer.networks import frozen_networks, resizing_layers
from darkroom_trainer.tasks.base import LearningTask


class Ensemble(nn.Module):
    """Maps images (B, 3, S, S) to logits (B, C) of the mean of probabilities; `ensemble_weight` is the head's."""

    def __init__(self, network: nn.Module, head: nn.Module, ensemble_weight: float, *, is_multilabel: bool) -> None:
        super().__init__()
        self.network = network
        self.light = head
        self.ensemble_weight = ensemble_weight
        self.is_multilabel = is_multilabel

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits whose softmax (sigmoid where there may be several tags) is the mixture."""
        network, head = self.network(images).float(), self.light(images).float()
        if self.is_multilabel:
            # by softplus, as ONNX knows logsigmoid only as the log of a sigmoid that is 0 where it is surest
            absent = self._mix(-functional.softplus(network), -functional.softplus(head))
            return self._mix(-functional.softplus(-network), -functional.softplus(-head)) - absent
        return self._mix(functional.log_softmax(network, dim=1), functional.log_softmax(head, dim=1))

    def _mix(self, network: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the mixture of probabilities that are given as logarithms, so that none is lost."""
        parts = [network + math.log(1 - self.ensemble_weight), head + math.log(self.ensemble_weight)]
        return torch.logsumexp(torch.stack(parts), dim=0)


def join_models(task: Task, network: nn.Module | None, head: nn.Module | None, ensemble_weight: float) -> nn.Module:
    """Return the model that answers; a part without a weight is left out."""
    if head is None or (network is not None and ensemble_weight == 0):
        assert network is not None, "a model has a network or a frozen-feature classifier"
        return network
    if network is None or ensemble_weight == 1:
        return head
    return Ensemble(network, head, ensemble_weight, is_multilabel=task.is_multilabel)


def build_head(spec: dict[str, Any], num_labels: int) -> heads.FrozenClassifier:
    """Return the frozen-feature classifier of a spec, without its tensors, on the networks that it names.

    Specs of an older version say nothing of networks where they have hand-made features alone.
    """
    source_px = int(spec["look"]["size_px"])
    looks = {name: frozen_networks.parse_look(found) for name, found in spec.get("networks", {}).items()}
    named = {name: frozen_networks.build_frozen_network(name, look, source_px) for name, look in looks.items()}
    return heads.build_frozen_classifier(spec, num_labels, named)


def build_described_model(
    task: LearningTask,
    backbone: str | None,
    head_spec: dict[str, Any] | None,
    ensemble_weight: float,
    image_size_px: int,
    network_size_px: int | None = None,
    described: str = "",
) -> nn.Module:
    """Return the model of a description, without its tensors; its network may work on smaller images.

    `described` is what a detection transformer is built by, see `Recipe.network`.
    """
    size_px = network_size_px or image_size_px
    network = None
    if backbone is not None:
        network = task.build_model(backbone, image_size_px=size_px, network=described)
    if network is not None:
        network = resizing_layers.fit_network(network, image_size_px, size_px)
    head = None if head_spec is None else build_head(head_spec, len(task.labels))
    return join_models(task.kind, network, head, ensemble_weight)

"""The model that answers: a network, a light head, or a blend of their probabilities.

Owns the blend; `shares` chooses its share. A small network that learns from scratch and a linear model on fixed
features err on different images, and which is better depends on how many images there are: held-out images decide.
Must not train.
"""

import math
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.heads.fits import model as heads
from darkroom_trainer.networks import backbones
from darkroom_trainer.tasks.base import LearningTask

LEAST_PROBABILITY: Final = 1e-6


class Blend(nn.Module):
    """Maps images (B, 3, S, S) to logits (B, C) of the mixed probabilities; `light_share` belongs to the light head."""

    def __init__(self, network: nn.Module, light: nn.Module, light_share: float, *, is_multilabel: bool) -> None:
        super().__init__()
        self.network = network
        self.light = light
        self.light_share = light_share
        self.is_multilabel = is_multilabel

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits whose softmax (sigmoid where there may be several tags) is the mixture."""
        network, light = self.network(images).float(), self.light(images).float()
        if self.is_multilabel:
            # by softplus, as ONNX knows logsigmoid only as the log of a sigmoid that is 0 where it is surest
            absent = self._mix(-functional.softplus(network), -functional.softplus(light))
            return self._mix(-functional.softplus(-network), -functional.softplus(-light)) - absent
        return self._mix(functional.log_softmax(network, dim=1), functional.log_softmax(light, dim=1))

    def _mix(self, network: torch.Tensor, light: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the mixture of probabilities that are given as logarithms, so that none is lost."""
        parts = [network + math.log(1 - self.light_share), light + math.log(self.light_share)]
        return torch.logsumexp(torch.stack(parts), dim=0)


def to_probabilities(logits: torch.Tensor, *, is_multilabel: bool) -> torch.Tensor:
    """Return the probabilities of logits (B, C), in float32."""
    return logits.float().sigmoid() if is_multilabel else functional.softmax(logits.float(), dim=1)


def to_logits(probabilities: torch.Tensor, *, is_multilabel: bool) -> torch.Tensor:
    """Return logits (B, C) that give back `probabilities`."""
    kept = probabilities.clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return kept.log() - (-kept).log1p() if is_multilabel else kept.log()


def blend(task: Task, network: nn.Module | None, light: nn.Module | None, light_share: float) -> nn.Module:
    """Return the model that answers; a part without a share in the answers is left out."""
    if light is None or (network is not None and light_share == 0):
        assert network is not None, "a model has a network or a light head"
        return network
    if network is None or light_share == 1:
        return light
    return Blend(network, light, light_share, is_multilabel=task is Task.MULTILABEL_CLASSIFIER)


def build_light(spec: dict[str, Any], num_labels: int) -> heads.LightModel:
    """Return the light head of a spec, without its weights, on the backbones that it names."""
    size_px = int(spec["look"]["size_px"])
    named = {name: backbones.build_embedder(name, None, size_px)[0] for name in heads.list_backbones(spec)}
    return heads.build_light_model(spec, num_labels, named)


def build_answering(
    task: LearningTask, backbone: str | None, light: dict[str, Any] | None, light_share: float, image_size_px: int
) -> nn.Module:
    """Return the model that a description tells of, without its weights."""
    network = None if backbone is None else task.build_model(backbone, image_size_px=image_size_px)
    head = None if light is None else build_light(light, len(task.labels))
    return blend(task.kind, network, head, light_share)

"""Which part of a network is trained: the last stages of its backbone and what follows them, or all of it.

Owns what stays as it is, at which part of the learning rate each stage learns, and the division of a network into a
frozen part, whose maps can be kept, and the rest. Must not know tasks or recipes.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import nn
from torch.nn.modules import batchnorm

from darkroom_trainer.networks import backbones, dense_head
from darkroom_trainer.networks.detection_transformer import DetectionTransformer

BACKBONE_RATE: Final = 0.1
"""Learning rate of the last stage, as a part of the head's, which starts from random weights."""
STAGE_DECAY: Final = 0.7
"""What each stage before it has of the next one's: the first ones know edges and colours, which all pictures have."""
PROBE_PX: Final = 64
SAME: Final = 1e-5

Maps = list[torch.Tensor]


@dataclass(frozen=True)
class TrainedPart:
    """What is trained, each parameter with its part of the learning rate, and the modules whose statistics stay."""

    rates: list[tuple[nn.Parameter, float]]
    still: Sequence[nn.Module]

    def hold_still(self) -> None:
        """Keep the running statistics as they are: a few images say less of them than those of the pretraining."""
        for module in self.still:
            module.eval()


@dataclass(frozen=True)
class Division:
    """A network in two parts: `look` gives the maps of normalized images, without gradients, `answer` its outputs."""

    frozen: nn.Module
    answer: Callable[[Maps], torch.Tensor]

    def look(self, images: torch.Tensor) -> Maps:
        """Return the maps (B, ...) that the frozen part makes of the images."""
        self.frozen.eval()
        with torch.no_grad():
            found = self.frozen(images)
        return list(found) if isinstance(found, list | tuple) else [found]


def freeze(model: nn.Module, backbone: str, trained_stages: int | None) -> TrainedPart:
    """Freeze all but the last stages of the model's backbone and what follows them; None trains the whole model."""
    if trained_stages is None:
        return TrainedPart([(value, 1.0) for value in model.parameters()], [])
    network = _find_backbone(model)
    if isinstance(network, DetectionTransformer):
        depths = network.read_depths()
    else:
        depths = backbones.read_depths(network, backbone)
    values = dict(network.named_parameters())
    scales = {id(values[name]): scale for name, scale in scale_rates(depths, trained_stages).items()}
    for value in model.parameters():
        value.requires_grad_(scales.get(id(value), 1.0) > 0)
    rates = [(value, scales.get(id(value), 1.0)) for value in model.parameters() if value.requires_grad]
    still = [module for module in network.modules() if isinstance(module, batchnorm._BatchNorm)]
    return TrainedPart(rates, still)


def scale_rates(depths: dict[str, int], trained_stages: int) -> dict[str, float]:
    """Return the part of the learning rate that each parameter gets by its depth; 0 for what is frozen."""
    order = sorted(set(depths.values()), reverse=True)
    scales = {depth: BACKBONE_RATE * STAGE_DECAY**at for at, depth in enumerate(order[:trained_stages])}
    return {name: scales.get(depth, 0.0) for name, depth in depths.items()}


def divide(model: nn.Module) -> Division | None:
    """Return a model, frozen in part, as its two parts; None where they cannot be told apart.

    A detector's are its backbone, if all of it is frozen, and its dense head. Other networks are divided where they
    are a chain of modules of which the first ones are frozen, as convolutional ones are. A detection transformer is
    not: what the library gives it takes pictures only.
    """
    if isinstance(model, DetectionTransformer):
        return None
    dense = _find_dense(model)
    if dense is None:
        return _divide_chain(model)
    return Division(dense.backbone, dense.answer) if dense.is_frozen else None


def _divide_chain(model: nn.Module) -> Division | None:
    """Return the chain's first, frozen modules and the model with these passed over, if that gives the same outputs."""
    first: list[nn.Module] = []
    rest, _ = _pass_over(model, first, may_open=True)
    frozen = nn.Sequential(*first)
    device = next(model.parameters()).device
    probe = torch.rand(2, 3, PROBE_PX, PROBE_PX, generator=torch.Generator().manual_seed(0)).to(device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            is_same = torch.allclose(rest(frozen(probe)), model(probe), atol=SAME)
    except (RuntimeError, ValueError, AssertionError, TypeError, IndexError):
        return None
    finally:
        model.train(was_training)
    return Division(frozen, lambda maps: rest(maps[0])) if first and is_same else None


def _pass_over(module: nn.Module, first: list[nn.Module], *, may_open: bool = False) -> tuple[nn.Module, bool]:
    """Return the module with its leading frozen parts passed over, and whether a trained one was met; adds the parts.

    Its parts are those of the module itself, so that what is trained there is trained here.
    """
    if not any(value.requires_grad for value in module.parameters()):
        first.append(module)
        return nn.Identity(), False
    if not may_open:
        return module, True
    clone = copy.copy(module)
    clone._modules = dict(module._modules)
    for name, child in module.named_children():
        clone._modules[name], is_met = _pass_over(child, first, may_open=isinstance(child, nn.Sequential))
        if is_met:
            break
    return clone, True


def _find_dense(model: nn.Module) -> dense_head.DenseDetector | None:
    return next((module for module in model.modules() if isinstance(module, dense_head.DenseDetector)), None)


def _find_backbone(model: nn.Module) -> nn.Module:
    dense = _find_dense(model)
    return model if dense is None else dense.backbone

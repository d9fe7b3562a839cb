"""timm backbones by name; the only module that imports timm (whose import takes seconds, and whose hub is never used).

Owns how weights from a folder get into a backbone. Must not reach the internet: `pretrained` is always False.
"""

from typing import Any

import timm
import torch
from torch import nn


def build_feature_extractor(name: str, levels: tuple[int, ...]) -> tuple[nn.Module, list[int]]:
    """Return a backbone that answers with the feature maps of `levels`, and their channels."""
    backbone: Any = timm.create_model(name, pretrained=False, features_only=True, out_indices=levels)
    return backbone, list(backbone.feature_info.channels())


def build_classifier(name: str, num_labels: int) -> nn.Module:
    """Return a backbone with pooling and a linear head of `num_labels` outputs."""
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=num_labels)
    return model


def load_backbone_weights(module: nn.Module, weights: dict[str, torch.Tensor]) -> int:
    """Fill `module` with the tensors of `weights` that have its names and shapes; returns how many.

    timm's feature extractors flatten `stages.0` to `stages_0` at the first level for some families: both are tried.
    """
    own = module.state_dict()
    fitting = {}
    for name, tensor in weights.items():
        for candidate in (name, name.replace(".", "_", 1)):
            if candidate in own and own[candidate].shape == tensor.shape:
                fitting[candidate] = tensor
    module.load_state_dict(fitting, strict=False)
    return len(fitting)


def read_preprocessing(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and standard deviation of each colour that the backbone's weights expect."""
    config = timm.get_pretrained_cfg(name)
    if config is None:
        return (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return tuple(config.mean), tuple(config.std)

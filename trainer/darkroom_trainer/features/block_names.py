"""How blocks of frozen features are named: a hand-made one by a word, that of a network by a prefix and its name.

Owns the prefix. Must not import torch: what only tells of a model needs the names alone.
"""

from collections.abc import Iterable
from typing import Final

BACKBONE_PREFIX: Final = "backbone:"
MEAN_SUFFIX: Final = ":mean"
"""Of a transformer's name, where the mean of its patches is meant, and not what its weights learned to pool."""


def is_of_network(block: str) -> bool:
    """Return whether a block is what a frozen network says of images."""
    return block.startswith(BACKBONE_PREFIX)


def list_networks(blocks: Iterable[str]) -> list[str]:
    """Return the names of the networks that blocks need, each with its way of pooling."""
    return [block.removeprefix(BACKBONE_PREFIX) for block in blocks if is_of_network(block)]


def list_weights(blocks: Iterable[str]) -> list[str]:
    """Return the names of the weights that blocks need, each once."""
    return list(dict.fromkeys(name.removesuffix(MEAN_SUFFIX) for name in list_networks(blocks)))

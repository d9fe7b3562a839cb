"""How blocks of frozen features are named: a hand-made one by a word, that of a network by a prefix and its name.

Owns the prefix. Must not import torch: what only tells of a model needs the names alone.
"""

from collections.abc import Iterable
from typing import Final

BACKBONE_PREFIX: Final = "backbone:"


def is_of_network(block: str) -> bool:
    """Return whether a block is what a frozen network says of images."""
    return block.startswith(BACKBONE_PREFIX)


def list_networks(blocks: Iterable[str]) -> list[str]:
    """Return the names of the networks that blocks need."""
    return [block.removeprefix(BACKBONE_PREFIX) for block in blocks if is_of_network(block)]

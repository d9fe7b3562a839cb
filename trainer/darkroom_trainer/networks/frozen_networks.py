"""Networks that are not trained, as features of images: each sees pictures in its own size and colours.

Owns the way from images in [0, 1] to features of length 1. Must not know heads, or where weights come from.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_trainer.features.block_names import MEAN_SUFFIX
from darkroom_trainer.features.normalization import normalize
from darkroom_trainer.networks import backbones, resizing_layers

MOST_NATIVE_PX: Final = 288
REDUCED_PX: Final = 224
"""Instead of a larger native size: DINOv2 at 224 px instead of its own 518 costs a sixth."""


@dataclass(frozen=True)
class NetworkLook:
    """The pictures that a network expects: their side, and how each colour is normalized."""

    size_px: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form that a model's description carries."""
        return asdict(self)


def parse_look(found: dict[str, Any]) -> NetworkLook:
    """Return what `to_json` wrote."""
    return NetworkLook(int(found["size_px"]), tuple(found["mean"]), tuple(found["deviation"]))


def read_look(name: str) -> NetworkLook:
    """Return the pictures that the weights of a network expect."""
    facts = backbones.read_facts(name)
    size_px = facts.native_size_px if facts.native_size_px <= MOST_NATIVE_PX else REDUCED_PX
    return NetworkLook(size_px, facts.mean, facts.std)


class FrozenNetwork(nn.Module):
    """Features (B, D), of length 1, of images (B, 3, S, S) in [0, 1], where S is `source_px`.

    Features of length 1 need no scale of their own, which a handful of images cannot tell.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, net: nn.Module, width: int, look: NetworkLook, source_px: int) -> None:
        super().__init__()
        self.net = net
        self.width = width
        self.look = look
        self.source_px = source_px
        self.resize = resizing_layers.build_resize(source_px, look.size_px)
        for name, values in (("mean", look.mean), ("deviation", look.deviation)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def resized_from(self, source_px: int) -> "FrozenNetwork":
        """Return the same network for images of another side."""
        return FrozenNetwork(self.net, self.width, self.look, source_px).to(self.mean.device).eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return features (B, D)."""
        features: torch.Tensor = self.net(normalize(self.resize(images), self.mean, self.deviation))
        return functional.normalize(features, dim=1)


def build_frozen_network(
    name: str, look: NetworkLook, source_px: int, weights: Mapping[str, torch.Tensor] | None = None
) -> FrozenNetwork:
    """Return a network of timm as features of images of `source_px`; without weights, to be filled from a file.

    A name that ends with MEAN_SUFFIX is a transformer's whose patches are averaged.
    """
    plain = name.removesuffix(MEAN_SUFFIX)
    net, width = backbones.build_embedder(plain, weights, look.size_px, is_mean=plain != name)
    return FrozenNetwork(net, width, look, source_px).eval()

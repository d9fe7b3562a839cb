"""Images that a network resizes for itself, by two matrix products: the same in torch and in ONNX.

Owns when that is needed. The filter is that of decoding: bilinear, with antialiasing. Must not know tasks.
"""

import torch
from torch import nn

from darkroom_trainer.features.blocks import Pool, build_tent_matrix


def build_resize(source_px: int, size_px: int) -> nn.Module:
    """Return the layer from images (B, K, source_px, source_px) to (B, K, size_px, size_px)."""
    return nn.Identity() if source_px == size_px else Pool(build_tent_matrix(size_px, source_px))


class ShrinkingNetwork(nn.Module):
    """A network for small images that takes larger ones too: those it shrinks first."""

    def __init__(self, net: nn.Module, source_px: int, size_px: int) -> None:
        super().__init__()
        self.net = net
        self.size_px = size_px
        self.shrink = build_resize(source_px, size_px)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the network says of images (B, 3, S, S), S being the source's side or the network's own."""
        found: torch.Tensor = self.net(images if images.shape[-1] == self.size_px else self.shrink(images))
        return found


def fit_network(net: nn.Module, source_px: int, size_px: int) -> nn.Module:
    """Return a network for images of `size_px` as one for images of `source_px`; itself where they are the same."""
    return net if source_px == size_px else ShrinkingNetwork(net, source_px, size_px)

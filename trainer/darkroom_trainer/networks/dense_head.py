"""The network of the detector: features near stride 8, enriched from coarser levels, and a narrow dense head.

A transformer of one stride gets its finer level by learned doubling, after ViTDet (Li et al., arXiv 2203.16527).

Owns the geometry of cells and how raw numbers become boxes. Must not know labels or losses.
"""

import math
from collections.abc import Mapping
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_predict.decoding.boxes import MAX_LOG_SIZE
from darkroom_trainer.networks import backbones

CHANNELS: Final = 64
GROUPS: Final = 8
COARSEST_WORKED_ON: Final = 11
"""Strides above this are halved until they are not: 16 becomes 8, and the 14 of some transformers 7."""
PRIOR_BIAS: Final = -4.6
"""Logit of 0.01: at the start nothing is an object (arXiv 1708.02002, section 4.1)."""
FIRST_LOG_SIZE: Final = 1.1
"""Boxes start three strides wide."""


class DenseDetector(nn.Module):
    """Maps images (B, 3, S, S) to (B, L, labels + 4), L the cells of a square: (S / 8)^2 for most backbones."""

    def __init__(
        self,
        backbone: str,
        num_labels: int,
        weights: Mapping[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
    ) -> None:
        super().__init__()
        self.backbone, levels = backbones.build_feature_extractor(backbone, image_size_px)
        if weights:
            backbones.load_backbone_weights(self.backbone, weights, backbone, image_size_px)
        self.map_channels = sum(level.channels for level in levels)
        is_flat = len({level.stride for level in levels}) == 1
        self.laterals = nn.ModuleList([_build_lateral(level.channels, is_flat=is_flat) for level in levels])
        self.doubling = _build_doubling(levels[0].stride)
        self.shared = nn.Sequential(_build_block(), _build_block())
        self.tags = nn.Conv2d(CHANNELS, num_labels, 3, padding=1)
        self.boxes = nn.Conv2d(CHANNELS, 4, 3, padding=1)
        nn.init.normal_(self.tags.weight, std=0.01)
        nn.init.normal_(self.boxes.weight, std=0.01)
        self.tags.bias = nn.Parameter(torch.full((num_labels,), PRIOR_BIAS))
        self.boxes.bias = nn.Parameter(torch.tensor([0.0, 0.0, FIRST_LOG_SIZE, FIRST_LOG_SIZE]))

    @property
    def is_frozen(self) -> bool:
        """Return whether no stage of the backbone is trained, so that its maps are fixed features."""
        return not any(value.requires_grad for value in self.backbone.parameters())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return tag logits and box numbers of every cell, rows first."""
        return self.answer(self.backbone(images))

    def answer(self, levels: list[torch.Tensor]) -> torch.Tensor:
        """Return what `forward` does, from the backbone's maps."""
        merged = self.laterals[0](levels[0])
        for lateral, level in zip(list(self.laterals)[1:], levels[1:], strict=True):
            merged = merged + functional.interpolate(lateral(level), size=merged.shape[-2:], mode="nearest")
        features = self.shared(self.doubling(merged))
        return torch.cat([self.tags(features), self.boxes(features)], dim=1).flatten(2).transpose(1, 2)


class ChannelNorm(nn.LayerNorm):
    """Evens out the channels of each cell of a map (B, C, H, W): a transformer's inner features differ by hundreds."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the map with each cell's channels at mean 0 and std 1, scaled."""
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _build_lateral(channels: int, *, is_flat: bool) -> nn.Module:
    lateral = nn.Conv2d(channels, CHANNELS, 1)
    return nn.Sequential(ChannelNorm(channels), lateral) if is_flat else lateral


def _build_doubling(stride: int) -> nn.Module:
    """Return what brings the finest level near stride 8."""
    steps: list[nn.Module] = []
    while stride > COARSEST_WORKED_ON:
        steps += [nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, stride=2), nn.GroupNorm(GROUPS, CHANNELS), nn.ReLU()]
        stride //= 2
    return nn.Sequential(*steps)


def _build_block() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, CHANNELS), nn.ReLU(inplace=True)
    )


def side_of(num_cells: int) -> int:
    """Return the cells along one side of a square picture."""
    return math.isqrt(num_cells)


def find_highest(values: torch.Tensor) -> torch.Tensor:
    """Return for each cell the highest of the values (B, L) of itself and its neighbours."""
    side = side_of(values.shape[1])
    return functional.max_pool2d(values.reshape(-1, 1, side, side), 3, stride=1, padding=1).flatten(1)


def build_cells(num_cells: int, device: torch.device) -> torch.Tensor:
    """Return the relative middles (L, 2), x before y, of the cells of a square picture."""
    side = side_of(num_cells)
    line = (torch.arange(side, device=device, dtype=torch.float32) + 0.5) / side
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([columns.flatten(), rows.flatten()], dim=1)


def decode_boxes(numbers: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Return relative left, top, right, bottom (B, L, 4) from a cell's four numbers."""
    side = side_of(len(cells))
    middles = cells + numbers[..., :2] / side
    halves = numbers[..., 2:].clamp(max=MAX_LOG_SIZE).exp() / (2 * side)
    return torch.cat([middles - halves, middles + halves], dim=-1)

"""The network of the detector: features at stride 8, enriched from coarser levels, and a narrow dense head.

Owns the geometry of cells and how raw numbers become boxes. Must not know labels or losses.
"""

import math
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_trainer.tasks import backbones

STRIDE: Final = 8
CHANNELS: Final = 64
GROUPS: Final = 8
LEVELS: Final = (2, 3, 4)
"""timm's feature indices at strides 8, 16 and 32."""
PRIOR_BIAS: Final = -4.6
"""Logit of 0.01: at the start nothing is an object (arXiv 1708.02002, section 4.1)."""
MAX_LOG_SIZE: Final = 6.0
FIRST_LOG_SIZE: Final = 1.1
"""Boxes start three strides wide."""


class DenseDetector(nn.Module):
    """Maps images (B, 3, S, S) to (B, (S / 8)^2, labels + 4)."""

    def __init__(self, backbone: str, num_labels: int, weights: dict[str, torch.Tensor] | None = None) -> None:
        super().__init__()
        self.backbone, channels = backbones.build_feature_extractor(backbone, LEVELS)
        if weights:
            backbones.load_backbone_weights(self.backbone, weights)
        self.laterals = nn.ModuleList([nn.Conv2d(count, CHANNELS, 1) for count in channels])
        self.shared = nn.Sequential(_build_block(), _build_block())
        self.tags = nn.Conv2d(CHANNELS, num_labels, 3, padding=1)
        self.boxes = nn.Conv2d(CHANNELS, 4, 3, padding=1)
        nn.init.normal_(self.tags.weight, std=0.01)
        nn.init.normal_(self.boxes.weight, std=0.01)
        self.tags.bias = nn.Parameter(torch.full((num_labels,), PRIOR_BIAS))
        self.boxes.bias = nn.Parameter(torch.tensor([0.0, 0.0, FIRST_LOG_SIZE, FIRST_LOG_SIZE]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return tag logits and box numbers of every cell, rows first."""
        levels = self.backbone(images)
        merged = self.laterals[0](levels[0])
        for lateral, level in zip(list(self.laterals)[1:], levels[1:], strict=True):
            merged = merged + functional.interpolate(lateral(level), size=merged.shape[-2:], mode="nearest")
        features = self.shared(merged)
        return torch.cat([self.tags(features), self.boxes(features)], dim=1).flatten(2).transpose(1, 2)


def _build_block() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, CHANNELS), nn.ReLU(inplace=True)
    )


def side_of(num_cells: int) -> int:
    """Return the cells along one side of a square picture."""
    return math.isqrt(num_cells)


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

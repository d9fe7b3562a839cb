"""What a box of an image looks like, as numbers that no training changes: pooled colours and gradient histograms.

Owns how crops are taken from images and how they are described. Fixed shapes, any batch, nothing but a sampling grid
and matrix products, so that it exports. Must not know products.
"""

from typing import Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_trainer.features.blocks import Gradients, Pixels

CROP_PX: Final = 32
COLOUR_SIDE: Final = 8
GRADIENT_CELLS: Final = 7
GRADIENT_BINS: Final = 8
COLOUR_SIZE: Final = 3 * COLOUR_SIDE * COLOUR_SIDE
FEATURES: Final = COLOUR_SIZE + GRADIENT_BINS * GRADIENT_CELLS * GRADIENT_CELLS


class CropFeatures(nn.Module):
    """Describes boxes (B, K, 4), relative left, top, right, bottom, of normalized images (B, 3, S, S): (B, K, D)."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = Pixels(CROP_PX, COLOUR_SIDE, grey=False)
        self.gradients = Gradients(CROP_PX, GRADIENT_CELLS, GRADIENT_BINS)

    def forward(self, images: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """Return colours and gradients, each part of length 1."""
        crops = take_crops(images, boxes)
        parts = [functional.normalize(part(crops), dim=1) for part in (self.colours, self.gradients)]
        return torch.cat(parts, dim=1).reshape(-1, boxes.shape[1], FEATURES)


def take_crops(images: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Return what is inside the boxes (B, K, 4) of images (B, 3, S, S): (B * K, 3, CROP_PX, CROP_PX)."""
    line = (torch.arange(CROP_PX, device=images.device, dtype=images.dtype) + 0.5) / CROP_PX
    near, sizes = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]
    x = near[..., 0, None] + sizes[..., 0, None] * line
    y = near[..., 1, None] + sizes[..., 1, None] * line
    shape = (-1, boxes.shape[1], CROP_PX, CROP_PX)
    grid = torch.stack([x[:, :, None, :].expand(shape), y[:, :, :, None].expand(shape)], dim=-1) * 2 - 1
    taken = functional.grid_sample(
        images, grid.flatten(1, 2), mode="bilinear", padding_mode="border", align_corners=False
    )
    return taken.reshape(-1, taken.shape[1], boxes.shape[1], CROP_PX, CROP_PX).transpose(1, 2).flatten(0, 1)

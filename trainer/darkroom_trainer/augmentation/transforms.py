"""Variations of image batches as tensor operations, all randomness given as numbers.

Owns keyed random numbers: the same (seed, epoch, index) gives the same variation on any machine and after any resume.
Must not keep state.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from darkroom_trainer.augmentation import policies
from darkroom_trainer.augmentation.policies import read_policy as read_policy

PLACE_AT: Final = slice(0, 6)
LIGHT_AT: Final = slice(6, 8)
FLIP_AT: Final = 8
TINT_AT: Final = slice(9, 12)
ERASE_AT: Final = slice(12, 17)
MIX_AT: Final = slice(17, 22)
DRAWS: Final = 22
"""Which of an image's numbers a variation takes, and how many there are."""
ERASED_AREAS: Final = (0.04, 0.2)

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


def draw_uniforms(seed: int, epochs: npt.NDArray[np.int64], indices: npt.NDArray[np.int64], count: int) -> torch.Tensor:
    """Return (B, count) numbers in [0, 1) that depend on seed, epoch and index alone.

    A counter-based generator: the finalizer of SplitMix64 (Steele, Lea and Flood, 2014) over a mixed key.
    """
    key = _mix(np.uint64(seed & 0xFFFFFFFF) + _GOLDEN * epochs.astype(np.uint64))
    key = _mix(key ^ indices.astype(np.uint64))
    counters = _GOLDEN * np.arange(1, count + 1, dtype=np.uint64)
    bits = _mix(key[:, None] + counters[None, :])
    return torch.from_numpy(((bits >> np.uint64(40)).astype(np.float32)) * np.float32(2.0**-24))


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * _MIX_1
        values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


def spread(draws: torch.Tensor, limit: float) -> torch.Tensor:
    """Return numbers in [0, 1) moved to [-limit, limit)."""
    return (draws * 2 - 1) * limit


def warp(images: torch.Tensor, matrices: torch.Tensor) -> torch.Tensor:
    """Return images (B, 3, S, S) seen through affine `matrices` (B, 2, 3): output to input, in [-1, 1]."""
    grid = build_grid(matrices.to(images.dtype), images.shape[-1])
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def build_grid(matrices: torch.Tensor, size_px: int) -> torch.Tensor:
    """Return where each pixel (B, S, S, 2) is taken from: `affine_grid` without its matrix products, 3 times as fast.

    An affine map of a grid is the sum of a number for its column and one for its row.
    """
    line = (torch.arange(size_px, device=matrices.device, dtype=matrices.dtype) * 2 + 1) / size_px - 1
    columns = matrices[:, :, 0, None] * line
    rows = torch.addcmul(matrices[:, :, 2, None], matrices[:, :, 1, None], line)
    return (columns[:, :, None, :] + rows[:, :, :, None]).permute(0, 2, 3, 1)


def mirror(matrices: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Return `matrices` (B, 2, 3) that also mirror left and right, for the images whose draw (B,) is below a half."""
    signs = torch.where(draws < 0.5, -1.0, 1.0)
    return torch.cat([matrices[:, :, :1] * signs[:, None, None], matrices[:, :, 1:]], dim=2)


def vary_light(
    images: torch.Tensor, draws: torch.Tensor, strength: float, tints: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the images themselves, with contrast (draws[:, 0]) and brightness (draws[:, 1]) varied by `strength`.

    `tints` (B, 3) are factors of the colours.
    """
    contrast = 1 + spread(draws[:, :1], strength)
    offset = 0.5 * (1 - contrast) + spread(draws[:, 1:2], strength / 2)
    gain = contrast if tints is None else contrast * tints
    return images.mul_(gain[:, :, None, None]).add_(offset[:, :, None, None]).clamp_(0, 1)


def vary_colors(
    images: torch.Tensor, draws: torch.Tensor, light: float, policy: policies.AugmentationPolicy
) -> torch.Tensor:
    """Return the images themselves, with light and colours varied; takes the draws of `LIGHT_AT` and `TINT_AT`."""
    tints = 1 + spread(draws[:, TINT_AT], policy.tint) if policy.tint else None
    return vary_light(images, draws[:, LIGHT_AT], light * policy.scale, tints)


def erase(images: torch.Tensor, draws: torch.Tensor, share: float) -> torch.Tensor:
    """Return images of which a share has lost a rectangle to grey; after random erasing (arXiv 1708.04896)."""
    is_erased = draws[:, 0] < share
    areas = ERASED_AREAS[0] + draws[:, 1] * (ERASED_AREAS[1] - ERASED_AREAS[0])
    inside = cut_rectangles(draws[:, 2:4], areas, images.shape[-1]) & is_erased[:, None, None]
    return torch.where(inside[:, None], draws[:, 4, None, None, None], images)


def cut_rectangles(middles: torch.Tensor, areas: torch.Tensor, size_px: int) -> torch.Tensor:
    """Return which pixels (B, S, S) are in a square of these relative middles (B, 2) and area (B,), cut at the rim."""
    line = (torch.arange(size_px, device=middles.device, dtype=middles.dtype) + 0.5) / size_px
    near = (line - middles[:, :, None]).abs() < (areas.sqrt() / 2)[:, None, None]
    return near[:, 0, None, :] & near[:, 1, :, None]

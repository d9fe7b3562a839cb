"""Variations of image batches as tensor operations, all randomness given as numbers.

Owns keyed random numbers: the same (seed, epoch, index) gives the same variation on any machine and after any resume.
Must not keep state.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

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
    grid = functional.affine_grid(matrices.to(images.dtype), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def vary_light(images: torch.Tensor, draws: torch.Tensor, strength: float) -> torch.Tensor:
    """Return images with contrast (draws[:, 0]) and brightness (draws[:, 1]) varied by `strength`."""
    contrast = 1 + spread(draws[:, 0], strength)[:, None, None, None]
    brightness = spread(draws[:, 1], strength / 2)[:, None, None, None]
    return ((images - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)

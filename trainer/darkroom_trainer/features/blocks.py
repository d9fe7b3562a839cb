"""Fixed features of images: pooled pixels, gradient histograms, colours, textures, and those of frozen networks.

Owns what a named block of features is. Nothing here is learned; every block exports to ONNX and depends on its name
and the image size alone. Must not import timm: a network is given as a module that takes images in [0, 1].
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_trainer.features.block_names import BACKBONE_PREFIX, is_of_network
from darkroom_trainer.features.normalization import restore

GRADIENT_SIDE_PX: Final = 32
TEXTURE_SIDE_PX: Final = 64
_EPSILON: Final = 1e-6


def build_area_matrix(cells: int, size_px: int) -> torch.Tensor:
    """Return (cells, size_px): the share of each pixel in each cell; any size, also below the number of cells."""
    edges = torch.linspace(0, size_px, cells + 1, dtype=torch.float64)
    pixels = torch.arange(size_px, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    overlap = overlap.clamp(min=0)
    return (overlap / overlap.sum(dim=1, keepdim=True)).float()


def build_tent_matrix(cells: int, size_px: int) -> torch.Tensor:
    """Return (cells, size_px): overlapping triangular windows, so that a small shift changes a cell only a little."""
    step = size_px / cells
    width = max(1.0, step)
    centres = (torch.arange(cells, dtype=torch.float64) + 0.5) * step
    middles = torch.arange(size_px, dtype=torch.float64) + 0.5
    tent = (1 - (middles - centres[:, None]).abs() / width).clamp(min=0)
    return (tent / tent.sum(dim=1, keepdim=True)).float()


class Pool(nn.Module):
    """Weighted sums over rows and columns of maps (B, K, S, S), as two matrix products."""

    matrix: torch.Tensor

    def __init__(self, matrix: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix, persistent=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return (B, K, cells, cells)."""
        return torch.matmul(torch.matmul(self.matrix, maps), self.matrix.t())


def to_grey(images: torch.Tensor) -> torch.Tensor:
    """Return the mean of the colours (B, 1, S, S)."""
    return images.mean(dim=1, keepdim=True)


class Pixels(nn.Module):
    """Pixels pooled to side x side; `even` takes away each image's own brightness and contrast."""

    def __init__(self, size_px: int, side: int, *, grey: bool, even: bool = False) -> None:
        super().__init__()
        self.pool = Pool(build_area_matrix(side, size_px))
        self.grey, self.even = grey, even

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (B, side * side) or three times as many."""
        values: torch.Tensor = self.pool(to_grey(images) if self.grey else images).flatten(1)
        if not self.even:
            return values
        centred = values - values.mean(dim=1, keepdim=True)
        spread: torch.Tensor = torch.sqrt((centred * centred).mean(dim=1, keepdim=True) + 1e-4)
        return centred / spread


class Gradients(nn.Module):
    """Histograms of the direction of brightness changes in overlapping cells, normalized by their neighbourhood.

    With `both_ways`, dark on bright is the same as bright on dark.
    """

    directions: torch.Tensor

    def __init__(self, size_px: int, cells: int, bins: int = 8, *, both_ways: bool = False) -> None:
        super().__init__()
        self.shrink = Pool(build_area_matrix(GRADIENT_SIDE_PX, size_px))
        self.cells = Pool(build_tent_matrix(cells, GRADIENT_SIDE_PX))
        self.near = Pool(build_neighbour_matrix(cells))
        self.both_ways = both_ways
        turn = math.pi if both_ways else 2 * math.pi
        angles = torch.arange(bins, dtype=torch.float64) * (turn / bins)
        self.register_buffer("directions", torch.stack([angles.cos(), angles.sin()], dim=1).float(), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (B, bins * cells * cells)."""
        slopes = measure_slopes(functional.pad(self.shrink(to_grey(images)), (1, 1, 1, 1), mode="replicate"))
        squared_length = (slopes * slopes).sum(dim=1, keepdim=True) + _EPSILON
        towards = torch.matmul(self.directions, slopes.flatten(2))
        squares = (towards if self.both_ways else functional.relu(towards)).square()
        shares = squares.square() * squared_length.flatten(2).pow(-1.5)
        histograms = self.cells(shares.reshape(-1, len(self.directions), GRADIENT_SIDE_PX, GRADIENT_SIDE_PX))
        energy = histograms.sum(dim=1, keepdim=True)
        floor = 0.2 * energy.mean(dim=(2, 3), keepdim=True) + 1e-3
        return torch.sqrt(histograms / (self.near(energy) + floor) + _EPSILON).flatten(1)


def measure_slopes(grey: torch.Tensor) -> torch.Tensor:
    """Return how brightness (B, 1, H, W) rises to the right and down (B, 2, H - 2, W - 2), smoothed across."""
    down = (grey[:, :, :-2] + 2 * grey[:, :, 1:-1] + grey[:, :, 2:]) / 4
    across = (grey[..., :-2] + 2 * grey[..., 1:-1] + grey[..., 2:]) / 4
    right = (down[..., 2:] - down[..., :-2]) / 2
    lower = (across[:, :, 2:] - across[:, :, :-2]) / 2
    return torch.cat([right, lower], dim=1)


def build_neighbour_matrix(cells: int) -> torch.Tensor:
    """Return (cells, cells): the mean of each cell and those beside it."""
    places = torch.arange(cells)
    near = ((places[:, None] - places).abs() <= 1).float()
    return near / near.sum(dim=1, keepdim=True)


class Colours(nn.Module):
    """Soft histograms of brightness and two colour differences, of the whole and of quarters, and a joint one."""

    centres: torch.Tensor
    mixing: torch.Tensor

    def __init__(self, size_px: int, bins: int = 10) -> None:
        super().__init__()
        self.shrink = Pool(build_area_matrix(GRADIENT_SIDE_PX, size_px))
        self.quarters = Pool(build_area_matrix(2, GRADIENT_SIDE_PX))
        mixing = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, -1.0, 0.0], [0.5, 0.5, -1.0]])
        self.register_buffer("mixing", mixing[:, :, None, None], persistent=False)
        spans = [torch.linspace(0, 1, bins), torch.linspace(-0.5, 0.5, bins), torch.linspace(-0.5, 0.5, bins)]
        self.register_buffer("centres", torch.stack(spans)[:, :, None, None], persistent=False)
        self.sharpness = float(bins - 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (B, 3 * bins * 5): square roots of shares."""
        planes = functional.conv2d(self.shrink(images), self.mixing)
        shares = functional.relu(1 - (planes[:, :, None] - self.centres).abs() * self.sharpness)
        by_quarter = self.quarters(shares.flatten(1, 2))
        whole = by_quarter.mean(dim=(2, 3))
        return torch.sqrt(torch.cat([2 * whole, by_quarter.flatten(1)], dim=1) + _EPSILON)


class Textures(nn.Module):
    """How strongly a bank of small cosine patterns answers, at two scales: of the whole and of quarters, as logs."""

    kernels: torch.Tensor

    def __init__(self, size_px: int, side: int = 5) -> None:
        super().__init__()
        large = min(TEXTURE_SIDE_PX, size_px)
        self.large = Pool(build_area_matrix(large, size_px))
        self.small = Pool(build_area_matrix(max(1, large // 2), large))
        self.quarters = nn.ModuleList([Pool(build_area_matrix(2, px)) for px in (large, max(1, large // 2))])
        self.margin = side // 2
        self.register_buffer("kernels", build_cosine_kernels(side), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (B, 2 scales * 24 patterns * 5)."""
        large = self.large(to_grey(images))
        parts = [self._measure(large, self.quarters[0]), self._measure(self.small(large), self.quarters[1])]
        return torch.cat(parts, dim=1)

    def _measure(self, grey: torch.Tensor, quarters: nn.Module) -> torch.Tensor:
        margin = self.margin
        padded = functional.pad(grey, (margin, margin, margin, margin), mode="replicate")
        strength = quarters(functional.conv2d(padded, self.kernels).abs())
        whole = strength.mean(dim=(2, 3))
        return torch.log(torch.cat([whole, strength.flatten(1)], dim=1) + 3e-3)


def build_cosine_kernels(side: int) -> torch.Tensor:
    """Return the patterns (side^2 - 1, 1, side, side) of the two-dimensional cosine transform but for the flat one."""
    places = torch.arange(side, dtype=torch.float64)
    waves = torch.cos(math.pi * (places[None, :] + 0.5) * places[:, None] / side)
    waves = waves / waves.norm(dim=1, keepdim=True)
    bank = torch.einsum("ay,bx->abyx", waves, waves).reshape(side * side, 1, side, side)
    return bank[1:].float()


BLOCKS: Final[Mapping[str, Callable[[int], nn.Module]]] = {
    "grey8": lambda size: Pixels(size, 8, grey=True),
    "grey16": lambda size: Pixels(size, 16, grey=True),
    "even16": lambda size: Pixels(size, 16, grey=True, even=True),
    "colour4": lambda size: Pixels(size, 4, grey=False),
    "colour8": lambda size: Pixels(size, 8, grey=False),
    "colour16": lambda size: Pixels(size, 16, grey=False),
    "gradients4": lambda size: Gradients(size, 4),
    "gradients7": lambda size: Gradients(size, 7),
    "edges7": lambda size: Gradients(size, 7, both_ways=True),
    "colours": lambda size: Colours(size),
    "textures": lambda size: Textures(size),
}


def build_block(name: str, size_px: int, backbones: Mapping[str, nn.Module]) -> nn.Module:
    """Return the block of features of that name; raises KeyError for an unknown one."""
    if is_of_network(name):
        return backbones[name.removeprefix(BACKBONE_PREFIX)]
    return BLOCKS[name](size_px)


class Extractor(nn.Module):
    """Named blocks of features of normalized images (B, 3, S, S)."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, names: list[str], look: dict[str, Any], backbones: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.tensor(look[name])[:, None, None], persistent=False)
        built = [build_block(name, look["size_px"], backbones) for name in names]
        self.blocks = nn.ModuleList(built)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the features (B, D) of each block, in the order of the names."""
        plain = restore(images, self.mean, self.deviation)
        return [block(plain) for block in self.blocks]

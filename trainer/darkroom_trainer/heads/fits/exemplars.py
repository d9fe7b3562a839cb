"""Heads that keep examples: kernel regression, soft nearest neighbours and cosine prototypes, as matrix products.

Owns these fits and how they answer, on scaled features. Targets are (N, C) of 0 and 1. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch

from darkroom_trainer.heads.fits.linear import Batches, Part, fill_absent, fit_ridge

MOST_POINTS: Final = 600
"""Examples that a kernel head keeps."""
JITTER: Final = 1e-5
"""Keeps the whitening of bumps finite where points are the same."""
_LEAST: Final = 1e-12
_LEAST_SHARE: Final = 1e-4


def measure_squares(features: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return the squared distances (B, L) of features (B, D) to points (L, D)."""
    own = (features * features).sum(dim=1, keepdim=True)
    other = (points * points).sum(dim=1)
    return torch.relu(own + other - 2 * torch.matmul(features, points.t()))


@dataclass(frozen=True)
class Kernel:
    """Gaussian bumps on points (L, D), weighted (L, C), plus bias (C,)."""

    points: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor
    sharpness: torch.Tensor

    def apply(self, features: torch.Tensor) -> torch.Tensor:
        """Return the raw outputs (B, C)."""
        bumps = torch.exp(-self.sharpness * measure_squares(features, self.points))
        return torch.matmul(bumps, self.weight) + self.bias


@dataclass(frozen=True)
class Neighbours:
    """The labels `marks` (L, C) of the points (L, D), weighted by nearness."""

    points: torch.Tensor
    marks: torch.Tensor
    sharpness: torch.Tensor
    is_multilabel: bool

    def apply(self, features: torch.Tensor) -> torch.Tensor:
        """Return the logs of the labels' parts (B, C), or if multilabel of their odds."""
        nearness = torch.softmax(-self.sharpness * measure_squares(features, self.points), dim=1)
        logs = torch.log(torch.matmul(nearness, self.marks) + _LEAST_SHARE)
        if not self.is_multilabel:
            return logs
        # Summed and not taken from 1, where float32 leaves a rest that the logarithm makes large.
        return logs - torch.log(torch.matmul(nearness, 1 - self.marks) + _LEAST_SHARE)


@dataclass(frozen=True)
class Prototypes:
    """The cosine to the mean direction (D, C) of each label."""

    directions: torch.Tensor

    def apply(self, features: torch.Tensor) -> torch.Tensor:
        """Return cosines (B, C)."""
        return torch.matmul(to_unit(features), self.directions)


def to_unit(values: torch.Tensor) -> torch.Tensor:
    """Return rows of length 1."""
    return values / torch.sqrt((values * values).sum(dim=1, keepdim=True) + _LEAST)


def choose_points(features: torch.Tensor, most: int = MOST_POINTS) -> torch.Tensor:
    """Return at most `most` of the rows (N, D), evenly spread; the clean view of every row comes first."""
    if len(features) <= most:
        return features
    return features[torch.linspace(0, len(features) - 1, most, device=features.device).long()]


def fit_kernel(batches: Batches, points: torch.Tensor, sharpness: float, penalties: Sequence[float]) -> list[Kernel]:
    """Return kernel ridge regression on bumps at `points` for each penalty (Nystrom where rows are more).

    Bumps times the inverse square root of the points' own bumps are features whose ridge regression is that one.
    """
    bumps = torch.exp(-sharpness * measure_squares(points, points)).double()
    sizes, axes = torch.linalg.eigh(bumps)
    whitening = (axes / torch.sqrt(sizes.clamp(min=0) + JITTER)).float()

    def walk() -> Iterator[Part]:
        for features, one_hot in batches.walk():
            yield torch.exp(-sharpness * measure_squares(features, points)) @ whitening, one_hot

    ridges = fit_ridge(Batches(batches.rows, len(points), walk), penalties)
    return [Kernel(points, whitening @ ridge.weight, ridge.bias, points.new_tensor(sharpness)) for ridge in ridges]


def fit_neighbours(batches: Batches, sharpnesses: Sequence[float], *, is_multilabel: bool) -> list[Neighbours]:
    """Return soft nearest neighbours over all rows, for each sharpness."""
    points, one_hot = batches.join()
    return [Neighbours(points, one_hot, points.new_tensor(value), is_multilabel) for value in sharpnesses]


def fit_prototypes(batches: Batches) -> list[Prototypes]:
    """Return one direction for each label."""
    features, one_hot = batches.join()
    means = to_unit(features).t() @ one_hot / one_hot.sum(dim=0).clamp(min=1)
    return [Prototypes(fill_absent(to_unit(means.t()).t(), one_hot.sum(dim=0)))]

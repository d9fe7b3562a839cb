"""Heads that keep examples: kernel regression, soft nearest neighbours and cosine prototypes, as matrix products.

Owns these fits and how they answer, on scaled features. Targets are (N, C) of 0 and 1. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

from darkroom_trainer.heads.fits.linear import Batches, fill_absent

MOST_POINTS: Final = 600
"""Examples that a kernel head keeps."""
JITTER: Final = 1e-5
"""Keeps the system of equations solvable where points are the same."""
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
    """Return least squares on bumps at `points` for each penalty (Nystrom where rows are more).

    Weights are no numbers where the equations cannot be solved.
    """
    among = torch.exp(-sharpness * measure_squares(points, points)).double()
    second, cross, total = torch.zeros_like(among), among.new_zeros(()), among.new_zeros(())
    for features, one_hot in batches.walk():
        bumps = torch.exp(-sharpness * measure_squares(features, points))
        second += (bumps.t() @ bumps).double()
        cross = cross + (bumps.t() @ one_hot).double()
        total = total + torch.cat([bumps, one_hot], dim=1).sum(dim=0).double()
    rows = batches.rows
    middle, bias = total[: len(points)] / rows, total[len(points) :] / rows
    right = cross / rows - middle[:, None] * bias
    left = second / rows - torch.outer(middle, middle)
    fits = []
    for penalty in penalties:
        matrix = left + penalty * among + JITTER * torch.eye(len(points), dtype=left.dtype, device=left.device)
        factor, failed = torch.linalg.cholesky_ex(matrix)
        weight = torch.cholesky_solve(right, factor) if not failed else torch.full_like(right, torch.nan)
        fits.append(Kernel(points, weight.float(), (bias - middle @ weight).float(), points.new_tensor(sharpness)))
    return fits


def fit_neighbours(batches: Batches, sharpnesses: Sequence[float], *, is_multilabel: bool) -> list[Neighbours]:
    """Return soft nearest neighbours over all rows, for each sharpness."""
    points, one_hot = batches.join()
    return [Neighbours(points, one_hot, points.new_tensor(value), is_multilabel) for value in sharpnesses]


def fit_prototypes(batches: Batches) -> list[Prototypes]:
    """Return one direction for each label."""
    features, one_hot = batches.join()
    means = to_unit(features).t() @ one_hot / one_hot.sum(dim=0).clamp(min=1)
    return [Prototypes(fill_absent(to_unit(means.t()).t(), one_hot.sum(dim=0)))]

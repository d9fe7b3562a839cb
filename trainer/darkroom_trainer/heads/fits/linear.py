"""Linear heads: discriminant analysis with shrinkage, ridge regression, logistic regression.

Owns the fits on scaled features; a whole grid of penalties is solved together. Targets are (N, C) of 0 and 1.
Pure; must not know where the features come from.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch

Part = tuple[torch.Tensor, torch.Tensor]
"""Scaled features (B, D) with targets (B, C)."""

LOGISTIC_STEPS: Final = 30
_MEMORY: Final = 6


@dataclass(frozen=True)
class Batches:
    """Rows part by part: how many there are, of how many features, and a way to go through them (again)."""

    rows: int
    width: int
    walk: Callable[[], Iterator[Part]]

    def join(self) -> Part:
        """Return all rows at once."""
        parts = list(self.walk())
        if len(parts) == 1:
            return parts[0]
        return torch.cat([part for part, _ in parts]), torch.cat([part for _, part in parts])


@dataclass(frozen=True)
class Linear:
    """Raw outputs are features (B, D) times weight (D, C) plus bias (C,)."""

    weight: torch.Tensor
    bias: torch.Tensor

    def apply(self, features: torch.Tensor) -> torch.Tensor:
        """Return the raw outputs (B, C)."""
        return features @ self.weight + self.bias


@dataclass(frozen=True)
class Moments:
    """Sums over rows: how many, of each target, of features by target (D, C), their mean, and the scatter's axes.

    The scatter is `axes @ diag(variances) @ axes.T`, over all rows or, with `within`, around the mean of each label.
    """

    rows: int
    counts: torch.Tensor
    mean: torch.Tensor
    sums: torch.Tensor
    variances: torch.Tensor
    axes: torch.Tensor

    def solve(self, penalty: float, right: torch.Tensor) -> torch.Tensor:
        """Return (scatter + penalty * I)^-1 @ right (D, K)."""
        along = self.axes.t() @ right
        found = self.axes @ (along / (self.variances + penalty)[:, None])
        if self.axes.shape[1] < self.axes.shape[0]:
            found = found + (right - self.axes @ along) / penalty
        return found


def sum_moments(batches: Batches, *, within: bool) -> Moments:
    """Go through the rows once; the smaller of rows and features decides how the scatter is taken apart."""
    if batches.rows <= batches.width:
        return _sum_few(*batches.join(), within=within)
    second = cross = counts = total = torch.zeros((), dtype=torch.float64)
    for features, one_hot in batches.walk():
        second = second.to(features.device) + (features.t() @ features).double()
        cross = cross.to(features.device) + (features.t() @ one_hot).double()
        counts = counts.to(features.device) + one_hot.sum(dim=0).double()
        total = total.to(features.device) + features.sum(dim=0).double()
    mean = total / batches.rows
    inner = cross / counts.clamp(min=1).sqrt() if within else (mean * batches.rows**0.5)[:, None]
    scatter = (second - inner @ inner.t()) / batches.rows
    variances, axes = torch.linalg.eigh(scatter.float())
    return Moments(batches.rows, counts.float(), mean.float(), cross.float(), variances.clamp(min=0), axes)


def _sum_few(features: torch.Tensor, one_hot: torch.Tensor, *, within: bool) -> Moments:
    rows, counts = len(features), one_hot.sum(dim=0)
    mean, sums = features.mean(dim=0), features.t() @ one_hot
    centres = one_hot @ (sums / counts.clamp(min=1)).t() if within else mean
    rest = features - centres
    variances, turned = torch.linalg.eigh(rest @ rest.t() / rows)
    kept = variances > 1e-6 * variances.max().clamp(min=1e-12)
    variances = variances[kept]
    axes = rest.t() @ turned[:, kept] / torch.sqrt(rows * variances)
    return Moments(rows, counts, mean, sums, variances, axes)


def fit_discriminant(batches: Batches, shrinkages: Sequence[float]) -> list[Linear]:
    """Return linear discriminant analysis with one tag a row, for each shrinkage of the scatter to a sphere.

    Outputs are divided by the mean squared distance of the labels' means: the scatter of few rows says little about
    that size, so that a calibration of it would not hold for other rows.
    """
    moments = sum_moments(batches, within=True)
    middles = moments.sums / moments.counts.clamp(min=1) - moments.mean[:, None]
    prior = torch.log((moments.counts + 0.5) / (moments.rows + 0.5 * len(moments.counts)))
    fits = []
    for shrinkage in shrinkages:
        weight = moments.solve(shrinkage, middles)
        distances = (middles * weight).sum(dim=0)
        bias = prior - 0.5 * distances - moments.mean @ weight
        size = distances[moments.counts > 0].mean().clamp(min=1e-9)
        fits.append(Linear(fill_absent(weight, moments.counts) / size, fill_absent(bias, moments.counts) / size))
    return fits


def fill_absent(values: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return values (..., C) with the mean of the others for labels without rows, so that none of these ever wins."""
    present = counts > 0
    return torch.where(present, values, values[..., present].mean(dim=-1, keepdim=True))


def fit_ridge(batches: Batches, penalties: Sequence[float]) -> list[Linear]:
    """Return least squares on the targets, for each penalty."""
    moments = sum_moments(batches, within=False)
    shares = moments.counts / moments.rows
    right = moments.sums / moments.rows - moments.mean[:, None] * shares
    weights = [moments.solve(penalty, right) for penalty in penalties]
    return [Linear(weight, shares - moments.mean @ weight) for weight in weights]


def fit_logistic(batches: Batches, penalties: Sequence[float], *, is_multilabel: bool) -> list[Linear]:
    """Return logistic regression for each penalty on the squared weights: over labels, or if multilabel each alone."""
    features, one_hot = batches.join()
    problem = _Logistic(features, one_hot, features.new_tensor(list(penalties)), is_multilabel)
    found = minimize(problem.measure, problem.start(), LOGISTIC_STEPS)
    weights = found.view(len(penalties), features.shape[1] + 1, one_hot.shape[1])
    return [Linear(weight[:-1], weight[-1]) for weight in weights]


@dataclass(frozen=True)
class _Logistic:
    features: torch.Tensor
    one_hot: torch.Tensor
    penalties: torch.Tensor
    is_multilabel: bool

    def start(self) -> torch.Tensor:
        """Return no weights, and biases that say how common each label is."""
        share = (self.one_hot.sum(dim=0) + 0.5) / (len(self.one_hot) + 1)
        first = self.features.new_zeros((len(self.penalties), self.features.shape[1] + 1, self.one_hot.shape[1]))
        first[:, -1] = torch.logit(share) if self.is_multilabel else torch.log(share)
        return first.flatten(1)

    def measure(self, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss (G,) and its slope (G, P), with the mean over rows."""
        weights = values.view(len(self.penalties), -1, self.one_hot.shape[1])
        outputs = torch.matmul(self.features, weights[:, :-1]) + weights[:, -1:]
        if self.is_multilabel:
            loss = torch.nn.functional.softplus(outputs).sub_(outputs * self.one_hot).sum(dim=2).mean(dim=1)
            errors = torch.sigmoid(outputs) - self.one_hot
        else:
            logs = torch.log_softmax(outputs, dim=2)
            loss = -(logs * self.one_hot).sum(dim=2).mean(dim=1)
            errors = logs.exp_() - self.one_hot
        errors = errors / len(self.one_hot)
        inner = torch.matmul(self.features.t(), errors) + self.penalties[:, None, None] * weights[:, :-1]
        slope = torch.cat([inner, errors.sum(dim=1, keepdim=True)], dim=1)
        loss = loss + 0.5 * self.penalties * weights[:, :-1].square().sum(dim=(1, 2))
        return loss, slope.flatten(1)


Measure = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def minimize(measure: Measure, start: torch.Tensor, steps: int) -> torch.Tensor:
    """Return the minima (G, P) of G independent convex functions by L-BFGS, all stepped together.

    A function whose step does not lower it halves its next one, so that one hard problem holds up no other.
    """
    point, (loss, slope) = start, measure(start)
    moves: list[torch.Tensor] = []
    bends: list[torch.Tensor] = []
    reach = torch.full_like(loss, 1.0)
    for step in range(steps):
        direction = -_bend(slope, moves, bends)
        if step == 0:
            direction = direction / slope.norm(dim=1, keepdim=True).clamp(min=1e-12)
        following = point + reach[:, None] * direction
        new_loss, new_slope = measure(following)
        better = new_loss < loss
        reach = torch.where(better, torch.ones_like(reach), reach * 0.3)
        chosen = better[:, None]
        moves.append(torch.where(chosen, following - point, torch.zeros_like(point)))
        bends.append(torch.where(chosen, new_slope - slope, torch.zeros_like(slope)))
        del moves[:-_MEMORY], bends[:-_MEMORY]
        point, slope = torch.where(chosen, following, point), torch.where(chosen, new_slope, slope)
        loss = torch.where(better, new_loss, loss)
    return point


def _bend(slope: torch.Tensor, moves: list[torch.Tensor], bends: list[torch.Tensor]) -> torch.Tensor:
    """Return the slope times the inverse curvature that the last moves showed (two-loop recursion)."""
    value, factors = slope, []
    products = [(move * bend).sum(dim=1) for move, bend in zip(moves, bends, strict=True)]
    inverses = [torch.where(p > 1e-12, 1 / p.clamp(min=1e-12), torch.zeros_like(p)) for p in products]
    for move, bend, inverse in reversed(list(zip(moves, bends, inverses, strict=True))):
        factor = inverse * (move * value).sum(dim=1)
        factors.append(factor)
        value = value - factor[:, None] * bend
    scale = torch.ones_like(slope[:, 0])
    for product, bend in zip(products, bends, strict=True):
        scale = torch.where(product > 1e-12, product / bend.square().sum(dim=1).clamp(min=1e-12), scale)
    value = value * scale[:, None]
    for move, bend, inverse, factor in zip(moves, bends, inverses, reversed(factors), strict=True):
        back = inverse * (bend * value).sum(dim=1)
        value = value + (factor - back)[:, None] * move
    return value

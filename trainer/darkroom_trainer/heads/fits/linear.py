"""Linear heads: discriminant analysis with shrinkage, ridge regression, logistic regression.

Owns the fits on scaled features: closed forms, which solve a whole grid of penalties together and go through the rows
part by part, and scikit-learn's logistic regression (docs/decisions/0027-heads-by-scikit-learn.md says why). Targets
are (N, C) of 0 and 1. Pure; must not know where the features come from.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch

Part = tuple[torch.Tensor, torch.Tensor]
"""Scaled features (B, D) with targets (B, C)."""

LOGISTIC_STEPS: Final = 100
"""Iterations of L-BFGS at most: a penalty too small to converge by then is not the one that predicts best."""


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


def load_solver() -> None:
    """Import scikit-learn: 1.4 to 5 s of CPU time and 100 MB, which nothing else than logistic regression needs."""
    import sklearn.linear_model  # noqa: F401


def fit_logistic(batches: Batches, penalties: Sequence[float], *, is_multilabel: bool) -> list[Linear]:
    """Return logistic regression for each penalty on the squared weights: over labels, or if multilabel each alone."""
    features, one_hot = batches.join()
    fit = _fit_each_label if is_multilabel else _fit_labels
    return [fit(features, one_hot, penalty) for penalty in penalties]


def _fit_labels(features: torch.Tensor, one_hot: torch.Tensor, penalty: float) -> Linear:
    counts = one_hot.sum(dim=0)
    present = torch.nonzero(counts)[:, 0]
    weight, bias = features.new_zeros((features.shape[1], len(counts))), torch.log(counts + 0.5)
    bias = bias - bias[present].mean()  # as scikit-learn's: then labels without rows stay unlikely beside them
    if len(present) > 1:
        found, offset = _regress(features, one_hot.argmax(dim=1), penalty)
        if len(present) == 2:  # scikit-learn gives the odds of the second one alone
            found, offset = torch.cat([-found, found], dim=1) / 2, torch.cat([-offset, offset]) / 2
        weight[:, present], bias[present] = found, offset
    return Linear(weight, bias)


def _fit_each_label(features: torch.Tensor, one_hot: torch.Tensor, penalty: float) -> Linear:
    rows, counts = len(one_hot), one_hot.sum(dim=0)
    weight, bias = features.new_zeros((features.shape[1], len(counts))), torch.logit((counts + 0.5) / (rows + 1))
    for label in torch.nonzero((counts > 0) & (counts < rows))[:, 0].tolist():
        found, offset = _regress(features, one_hot[:, label], penalty)
        weight[:, label], bias[label] = found[:, 0], offset[0]
    return Linear(weight, bias)


def _regress(features: torch.Tensor, labels: torch.Tensor, penalty: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weights (D, K) and biases (K,) of the K labels that occur, 1 for two of them."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=1 / (penalty * len(features)), max_iter=LOGISTIC_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(features.cpu().numpy(), labels.cpu().numpy())
    return features.new_tensor(regression.coef_.T), features.new_tensor(regression.intercept_)

"""How good out-of-fold predictions are: top-1 or mean average precision, with a standard error, and the log loss.

Owns the numbers that heads are chosen by. Logits are (R, M, C): repeats, rows, labels. Pure.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch.nn import functional

from darkroom_trainer.heads.fits.probabilities import to_probabilities
from darkroom_trainer.metrics.statistics import curves

GROUPS: Final = 5
"""Parts of the rows that are left out in turn for the standard error of a mean average precision (jackknife)."""


@dataclass(frozen=True)
class HeadScore:
    """`value` in [0, 1] with its standard error, and the log loss a row (a label, with several labels a row)."""

    value: float
    standard_error: float
    log_loss: float

    @property
    def lower(self) -> float:
        """Return the value less its standard error."""
        return self.value - self.standard_error


def measure_log_loss(logits: torch.Tensor, one_hot: torch.Tensor, *, is_multilabel: bool) -> float:
    """Return the mean log loss."""
    if is_multilabel:
        return float(functional.binary_cross_entropy_with_logits(logits, one_hot.expand_as(logits)))
    return float(-(torch.log_softmax(logits, dim=-1) * one_hot).sum(dim=-1).mean())


def measure(logits: torch.Tensor, one_hot: torch.Tensor, *, is_multilabel: bool) -> HeadScore:
    """Return the score of calibrated logits (R, M, C) for targets (M, C)."""
    loss = measure_log_loss(logits, one_hot, is_multilabel=is_multilabel)
    if is_multilabel:
        value, error = _measure_precision(average_probabilities(logits, is_multilabel=True), one_hot)
        return HeadScore(value, error, loss)
    right = one_hot.expand_as(logits).gather(-1, logits.argmax(dim=-1, keepdim=True))[..., 0].mean(dim=0)
    # The rows are what chance drew: repeats only make each row's part more exact. One more wrong row than was seen
    # keeps a faultless score from looking certain.
    rows, mean = len(right), float(right.mean())
    variance = (float(right.var(correction=0)) * rows + 0.25) / (rows + 1)
    return HeadScore(mean, (variance / rows) ** 0.5, loss)


def average_probabilities(logits: torch.Tensor, *, is_multilabel: bool) -> torch.Tensor:
    """Return the probabilities (M, C), the mean over repeats."""
    return to_probabilities(logits, is_multilabel=is_multilabel).mean(dim=0)


def _measure_precision(probabilities: torch.Tensor, one_hot: torch.Tensor) -> tuple[float, float]:
    scores, relevant = probabilities.double().cpu().numpy(), one_hot.cpu().numpy() > 0
    group = np.arange(len(scores)) % GROUPS
    parts = np.array([_average(scores[group != part], relevant[group != part]) for part in range(GROUPS)])
    error = np.sqrt((GROUPS - 1) / GROUPS * np.square(parts - parts.mean()).sum())
    return _average(scores, relevant), float(max(error, 0.5 / len(scores)))


def _average(scores: curves.Scores, relevant: curves.Flags) -> float:
    present = relevant.any(axis=0)
    if not present.any():
        return 0.0
    return float(curves.compute_average_precisions(scores[:, present].T, relevant[:, present].T).mean())

"""Temperature scaling of raw outputs: one inverse temperature, and for multilabel data one shift (Platt scaling).

Owns the fit, on out-of-fold outputs (Guo et al., arXiv 1706.04599). The targets are softened as if one more row had
answered at random, so that faultless predictions of few rows do not become certainties. Pure.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch

from darkroom_trainer.heads.fits.probabilities import to_probabilities

MOST_VALUES: Final = 400_000
"""Outputs that the fit looks at; more than these are thinned out by rows."""
_HALVINGS: Final = 14
_WIDEST: Final = 500.0


@dataclass(frozen=True)
class Calibration:
    """Calibrated logits are raw outputs times the inverse temperature plus shift."""

    inverse_temperature: float = 1.0
    shift: float = 0.0

    def apply(self, raw: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return raw * self.inverse_temperature + self.shift


def calibrate(raw: torch.Tensor, one_hot: torch.Tensor, *, is_multilabel: bool) -> Calibration:
    """Return what minimizes the log loss of raw outputs (N, C) for targets (N, C)."""
    kept = torch.arange(0, len(raw), max(1, raw.numel() // MOST_VALUES), device=raw.device)
    raw, one_hot = raw[kept], one_hot[kept]
    std = max(1e-6, float((raw - raw.mean(dim=1, keepdim=True)).std(correction=0)))
    if not is_multilabel:
        softened = (one_hot * len(raw) + 1 / one_hot.shape[1]) / (len(raw) + 1)
        return Calibration(_find_inverse_temperature(raw, softened, 0.0, std, is_multilabel=False))
    softened = (one_hot * len(raw) + 0.5) / (len(raw) + 1)
    inverse_temperature, shift = 1 / std, 0.0
    for _ in range(4):
        shift = _find_shift(raw * inverse_temperature, softened)
        inverse_temperature = _find_inverse_temperature(raw, softened, shift, std, is_multilabel=True)
    return Calibration(inverse_temperature, _find_shift(raw * inverse_temperature, softened))


def _find_inverse_temperature(
    raw: torch.Tensor, one_hot: torch.Tensor, shift: float, std: float, *, is_multilabel: bool
) -> float:
    """Return where the slope of the convex loss changes sign, by halving on a logarithmic scale."""
    low, high = 0.02 / std, _WIDEST / std
    wanted = (raw * one_hot).sum()
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        logits = raw * middle + shift
        probabilities = to_probabilities(logits, is_multilabel=is_multilabel)
        low, high = (low, middle) if (raw * probabilities).sum() > wanted else (middle, high)
    return math.sqrt(low * high)


def _find_shift(logits: torch.Tensor, one_hot: torch.Tensor) -> float:
    low, high, wanted = -30.0, 30.0, one_hot.sum()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if torch.sigmoid(logits + middle).sum() > wanted else (middle, high)
    return (low + high) / 2

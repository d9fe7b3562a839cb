"""How sure raw outputs are: one sharpness, and with several labels a row one shift, fitted on kept-out rows.

Owns the fit. The targets are softened as if one more row had answered at random, so that faultless answers of few rows
do not become certainties. Pure.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch

MOST_VALUES: Final = 400_000
"""Outputs that the fit looks at; more than these are thinned out by rows."""
_HALVINGS: Final = 14
_WIDEST: Final = 500.0


@dataclass(frozen=True)
class Calibration:
    """Calibrated logits are raw outputs times sharpness plus shift."""

    sharpness: float = 1.0
    shift: float = 0.0

    def apply(self, raw: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        return raw * self.sharpness + self.shift


def calibrate(raw: torch.Tensor, marks: torch.Tensor, *, several: bool) -> Calibration:
    """Return what minimizes the log loss of raw outputs (N, C) for targets (N, C)."""
    kept = torch.arange(0, len(raw), max(1, raw.numel() // MOST_VALUES), device=raw.device)
    raw, marks = raw[kept], marks[kept]
    spread = max(1e-6, float((raw - raw.mean(dim=1, keepdim=True)).std(correction=0)))
    if not several:
        softened = (marks * len(raw) + 1 / marks.shape[1]) / (len(raw) + 1)
        return Calibration(_find_sharpness(raw, softened, 0.0, spread, several=False))
    softened = (marks * len(raw) + 0.5) / (len(raw) + 1)
    sharpness, shift = 1 / spread, 0.0
    for _ in range(4):
        shift = _find_shift(raw * sharpness, softened)
        sharpness = _find_sharpness(raw, softened, shift, spread, several=True)
    return Calibration(sharpness, _find_shift(raw * sharpness, softened))


def _find_sharpness(raw: torch.Tensor, marks: torch.Tensor, shift: float, spread: float, *, several: bool) -> float:
    """Return where the slope of the convex loss changes sign, by halving on a logarithmic scale."""
    low, high = 0.02 / spread, _WIDEST / spread
    wanted = (raw * marks).sum()
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        logits = raw * middle + shift
        shares = torch.sigmoid(logits) if several else torch.softmax(logits, dim=1)
        low, high = (low, middle) if (raw * shares).sum() > wanted else (middle, high)
    return math.sqrt(low * high)


def _find_shift(logits: torch.Tensor, marks: torch.Tensor) -> float:
    low, high, wanted = -30.0, 30.0, marks.sum()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if torch.sigmoid(logits + middle).sum() > wanted else (middle, high)
    return (low + high) / 2

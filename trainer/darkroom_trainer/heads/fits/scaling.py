"""How features are centred and weighted before a head is fitted on them.

Owns the one rule: every block counts the same, and within a block a wider spread counts more, but not fully. The sum of
all variances is about 1 after it, so that penalties and kernel widths mean the same for any features. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

EVENNESS: Final = 0.5
"""The part of a block's mean variance that is added to each feature's own before it is divided by."""


@dataclass(frozen=True)
class Scale:
    """What is taken away from (D,) and multiplied to (D,) features."""

    centre: torch.Tensor
    factor: torch.Tensor

    def apply(self, features: torch.Tensor) -> torch.Tensor:
        """Return scaled features (B, D)."""
        return (features - self.centre) * self.factor


def fit_scale(features: torch.Tensor, widths: Sequence[int]) -> Scale:
    """Return the scale of features (N, D) that are blocks of these widths, side by side."""
    variance, centre = torch.var_mean(features.double(), dim=0, correction=0)
    factors = []
    for block in torch.split(variance, list(widths)):
        floor = EVENNESS * block.mean() + 1e-8
        spread = block / (block + floor)
        factors.append(1 / torch.sqrt((block + floor) * spread.sum().clamp(min=1e-6) * len(widths)))
    return Scale(centre.float(), torch.cat(factors).float())

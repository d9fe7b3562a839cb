"""Whether a confidence of 0.8 is right in eight of ten cases: bins of confidence, and the expected calibration error.

Owns the bins, which are (low, high]. After Guo et al., On Calibration of Modern Neural Networks, 2017.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.statistics.curves import Flags, Scores

BINS: Final = 15


@dataclass(frozen=True)
class Bins:
    """Equal bins of confidence: how many guesses fall into each (B,), the sum of confidences and how many are right."""

    count: Integers
    confidence: Scores
    right: Scores

    @property
    def error(self) -> float:
        """Return the sum over bins of the distance between confidence and being right, over the number of guesses."""
        return float(np.abs(self.right - self.confidence).sum() / max(1, self.count.sum()))


def fill_bins(confidences: Scores, right: Flags, num_bins: int = BINS) -> Bins:
    """Sort guesses into bins by their confidence (N,) in [0, 1]; exactly 0 belongs to the first."""
    edges = np.linspace(0, 1, num_bins + 1)
    places = np.clip(np.searchsorted(edges, confidences) - 1, 0, num_bins - 1)
    confidence, hits = (
        np.bincount(places, weights=weights, minlength=num_bins).astype(np.float64) for weights in (confidences, right)
    )
    return Bins(np.bincount(places, minlength=num_bins), confidence, hits)

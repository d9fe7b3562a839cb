"""The bins that guesses are sorted into by how sure they are."""

import numpy as np

from darkroom_trainer.metrics.statistics import calibration


def test_bins_hold_every_guess_once_also_at_nought_and_one() -> None:
    bins = calibration.fill_bins(np.array([0.0, 0.2, 0.2 + 1e-9, 1.0]), np.array([True] * 4), num_bins=5)
    assert bins.count.tolist() == [2, 1, 0, 0, 1]

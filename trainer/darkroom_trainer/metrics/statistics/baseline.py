"""Whether a model has learned anything: a one-sided test against always guessing the most common tag.

Owns the statistics behind TrainingDiverged. Must not decide what a user reads.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_predict.predictions import Integers

STANDARD_ERRORS: Final = 3.0
"""Distance from the baseline that counts as more than noise: one chance in 740 by the normal approximation."""
LARGEST_NOISE: Final = 0.35
"""A test whose noise covers more of the way from the baseline to a perfect score says nothing."""


@dataclass(frozen=True)
class BaselineTest:
    """`score` against `baseline` on `count` answers; `noise` is what chance alone may add."""

    score: float
    baseline: float
    noise: float
    count: int

    @property
    def is_conclusive(self) -> bool:
        """Return whether there are enough answers to tell a useful model from a guess, and more than one to guess."""
        return self.count > 0 and self.baseline < 1 and self.noise <= LARGEST_NOISE * (1 - self.baseline)

    @property
    def is_no_better(self) -> bool:
        """Return whether the model is shown to be no better than guessing."""
        return self.is_conclusive and not self.is_better

    @property
    def is_better(self) -> bool:
        """Return whether the model is shown to be better than guessing; never by answers that are too few."""
        return self.score > self.baseline + self.noise


def compare_answers(guesses: Integers, answers: Integers) -> BaselineTest:
    """Compare `guesses` (N,) with `answers` (N,) and with the most common answer."""
    count = len(answers)
    if count == 0:
        return BaselineTest(score=0.0, baseline=0.0, noise=0.0, count=0)
    baseline = float(np.bincount(answers).max()) / count
    noise = STANDARD_ERRORS * math.sqrt(baseline * (1 - baseline) / count)
    return BaselineTest(float(np.mean(guesses == answers)), baseline, noise, count)


def combine_tests(tests: Sequence[BaselineTest]) -> BaselineTest:
    """Return the first test that shows a model to be no better than guessing, else the first."""
    return next((test for test in tests if test.is_no_better), tests[0])

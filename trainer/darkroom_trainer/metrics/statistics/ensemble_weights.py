"""The weight of each of two models in the mean of their probabilities.

Owns the rule. A network that learns by steps and a comparison of fixed features err on different things, and which is
better depends on how many images there are: held-out images decide. Pure.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

ENSEMBLE_WEIGHTS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
DEFAULT_ENSEMBLE_WEIGHT: Final = 0.5
"""The second's weight where nothing was held out to choose it: that of a detector's crops."""
SUPPORT_NATS: Final = 2.0
"""Log-likelihoods of all held-out images together that differ by less do not tell weights apart (the support interval
of Edwards, Likelihood, 1972)."""
LEAST_PROBABILITY: Final = 1e-6

Probabilities = npt.NDArray[np.float32]


def choose_ensemble_weight(
    first: Probabilities, second: Probabilities, one_hot: npt.NDArray[np.bool_], *, is_multilabel: bool
) -> float:
    """Return the second's weight in the mean of probabilities (N, C) that suits the targets `one_hot` (N, C).

    Of all weights that the held-out images support, the most even one: on ten images the likeliest weight is luck, and
    the network of the final ensemble has seen more images and steps than the one that is compared here.
    """
    losses = {
        weight: _measure_loss((1 - weight) * first + weight * second, one_hot, is_multilabel=is_multilabel)
        for weight in ENSEMBLE_WEIGHTS
    }
    supported = [weight for weight in ENSEMBLE_WEIGHTS if losses[weight] <= min(losses.values()) + SUPPORT_NATS]
    return min(supported, key=lambda weight: (abs(weight - DEFAULT_ENSEMBLE_WEIGHT), losses[weight]))


def is_tested(answers: Probabilities, one_hot: npt.NDArray[np.bool_], *, is_multilabel: bool) -> bool:
    """Return whether images show that probabilities (N, C) know more of them than how common each tag is among them.

    Right answers that are sure show it, unless there are too few images: two of two tags are worth 1.4 nats.
    """
    if not len(one_hot):
        return False
    frequencies = np.broadcast_to(one_hot.mean(axis=0, dtype=np.float32), one_hot.shape)
    guessed = _measure_loss(frequencies, one_hot, is_multilabel=is_multilabel)
    return guessed - _measure_loss(answers, one_hot, is_multilabel=is_multilabel) > SUPPORT_NATS


def _measure_loss(mixed: Probabilities, one_hot: npt.NDArray[np.bool_], *, is_multilabel: bool) -> float:
    """Return the log loss of all images together, in nats."""
    kept = np.clip(mixed.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    terms = np.where(one_hot, np.log(kept), np.log1p(-kept) if is_multilabel else 0.0)
    return float(-terms.sum())

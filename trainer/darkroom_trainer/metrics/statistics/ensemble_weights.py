"""How much each of two answerers says in a mixture of their probabilities.

Owns the rule. A network that learns by steps and a comparison of fixed features err on different things, and which is
better depends on how many images there are: held-out answers decide. Pure.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
UNTESTED_SHARE: Final = 0.5
"""The second's share where no image could be held out to choose it."""
SUPPORT_NATS: Final = 2.0
"""Log-likelihoods of all held-out answers together that differ by less do not tell shares apart (the support interval
of Edwards, Likelihood, 1972)."""
LEAST_PROBABILITY: Final = 1e-6

Probabilities = npt.NDArray[np.float32]


def choose_share(
    first: Probabilities, second: Probabilities, answers: npt.NDArray[np.bool_], *, is_multilabel: bool
) -> float:
    """Return the second's share in the mixture of probabilities (N, C) that suits `answers` (N, C).

    Of all shares that the held-out answers support, the most even one: on ten images the likeliest share is luck, and
    the network that is mixed in the end has seen more images and steps than the one that is compared here.
    """
    losses = {
        share: _measure_loss((1 - share) * first + share * second, answers, is_multilabel=is_multilabel)
        for share in SHARES
    }
    supported = [share for share in SHARES if losses[share] <= min(losses.values()) + SUPPORT_NATS]
    return min(supported, key=lambda share: (abs(share - UNTESTED_SHARE), losses[share]))


def _measure_loss(mixed: Probabilities, answers: npt.NDArray[np.bool_], *, is_multilabel: bool) -> float:
    """Return the log loss of all answers together, in nats."""
    kept = np.clip(mixed.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    terms = np.where(answers, np.log(kept), np.log1p(-kept) if is_multilabel else 0.0)
    return float(-terms.sum())

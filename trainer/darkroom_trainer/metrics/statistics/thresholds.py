"""From which confidence on an answer is shown, by the answers on held-out images.

Owns that choice for boxes and for tags of which an image has any number. Must not import torch.
"""

from typing import Final

import numpy as np

from darkroom_trainer.metrics.statistics.curves import Flags, Scores

MIDDLE: Final = 0.5
LOWEST, HIGHEST = 0.05, 0.95


def choose_threshold(scores: Scores, right: Flags, total: int, least_score: float = 0.0) -> float:
    """Return the threshold nearest to MIDDLE whose F1 is within one standard error of the best.

    `scores` (N,) come with whether each answer is right, at least one is; `total` is how many there are to find. The
    best on a few hundred held-out answers is partly luck, and belongs to a model that the final fit changes: of a
    detector that was scored early only the surest boxes are right, and their threshold hides much of what the final
    one finds. (The rule of one standard error: Breiman et al., Classification and Regression Trees, 1984, section
    3.4.3.)
    """
    order = np.argsort(-scores, kind="stable")
    values, hits = scores[order], np.cumsum(right[order])
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    quality = 2 * hits[ends] / (ends + 1 + total)
    best = float(quality.max())
    good = quality >= best - np.sqrt(best * (1 - best) / total)
    following = np.append(values[ends[1:]], least_score)
    cuts = np.clip((values[ends] + following) / 2, LOWEST, HIGHEST)[good]
    return round(float(cuts[np.abs(cuts - MIDDLE).argmin()]), 3)

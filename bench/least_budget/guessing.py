"""What an answer scores that looks at no picture, and which budgets are useful beside it. Pure.

A budget is useful where the training ends Succeeded and its evaluation is better than guessing: the lower end of the
score's 95 % interval on the test images is above what the best constant answer scores there. For classes that is the
test part's most common one; for boxes the mean box of each tag in the pictures trained on, in every picture.
"""

from collections.abc import Sequence

import numpy as np

from bench.fewshot.baselines import registry
from bench.fewshot.cells import Row
from bench.fewshot.sets import Part
from darkroom_predict.predictions import Prediction


def score_guess(train: Part, test: Part) -> float:
    """Return what the best constant answer scores on the test part."""
    if not test.boxed:
        return float(np.bincount([picture.labels[0] for picture in test.pictures]).max() / len(test.pictures))
    boxes: dict[int, list[tuple[float, ...]]] = {}
    for picture in train.pictures:
        for label, box in zip(picture.labels, picture.boxes, strict=True):
            boxes.setdefault(label, []).append(box)
    labels = np.array(sorted(boxes))
    counts = np.array([len(boxes[label]) for label in labels])
    means = np.array([np.mean(boxes[label], axis=0) for label in labels], dtype=np.float32)
    guess = Prediction(labels, (counts / counts.sum()).astype(np.float32), means)
    return registry.score_boxes([guess] * len(test.pictures), test)[0]


def is_useful(row: Row, guess: float) -> bool:
    """Return whether a training is better than guessing."""
    low = row.details.get("scoreLow")
    return low is not None and low > guess


def choose_next(budgets: Sequence[float], useful: dict[float, bool]) -> float | None:
    """Return the budget to try next, None where the least useful one is known (more is taken to be useful, too)."""
    least = min((budget for budget, found in useful.items() if found), default=float("inf"))
    most = max((budget for budget, found in useful.items() if not found and budget < least), default=0.0)
    between = [budget for budget in budgets if most < budget < least]
    return between[len(between) // 2] if between else None

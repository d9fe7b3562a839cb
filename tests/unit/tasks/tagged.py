"""Examples with any number of tags, for the tests of tasks. Nothing is read from outside."""

import pathlib

import numpy as np

from darkroom_predict.predictions import Prediction, Truth, build_truth
from darkroom_trainer.data.records.dataset import Example


def a_tagged_example(*labels: int) -> Example:
    """Return an example with these tags, without a file."""
    return Example(1, "a.png", pathlib.Path("a.png"), 32, 32, labels, np.zeros((0, 4), dtype=np.float32))


def a_boxed_example(*labels: int) -> Example:
    """Return an example with a box for each label, side by side, without a file."""
    width = 1 / max(1, len(labels))
    boxes = np.array([[at * width, 0.2, width, 0.6] for at in range(len(labels))], dtype=np.float32).reshape(-1, 4)
    return Example(1, "a.png", pathlib.Path("a.png"), 32, 32, labels, boxes)


def a_guess(scores: list[float]) -> Prediction:
    """Return a prediction of all tags with these scores, best first."""
    values = np.array(scores, dtype=np.float32)
    order = np.argsort(-values, kind="stable")
    return Prediction(order, values[order], np.zeros((0, 4), dtype=np.float32))


def truths_of(relevant: np.ndarray) -> list[Truth]:
    """Return the truth of each row of flags (N, C)."""
    return [build_truth(np.flatnonzero(row), []) for row in relevant]

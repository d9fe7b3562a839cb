"""Logits of tags to probabilities. Must not know boxes."""

import numpy as np

from darkroom_predict.predictions import Floats, Prediction


def decode_exclusive(logits: Floats) -> list[Prediction]:
    """Return for each row of `logits` (B, C) all labels with their probabilities, of which one is right, best first."""
    return rank_tags(compute_softmax(logits))


def decode_independent(logits: Floats) -> list[Prediction]:
    """Return for each row of `logits` (B, C) all labels with their probabilities, each for itself, best first."""
    return rank_tags(compute_sigmoid(logits))


def compute_softmax(logits: Floats) -> Floats:
    """Return probabilities that sum to 1 along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def compute_sigmoid(logits: Floats) -> Floats:
    """Return the probability of each logit; without overflow, however large it is."""
    small = np.exp(-np.abs(logits))
    probabilities: Floats = np.where(logits >= 0, 1, small) / (1 + small)
    return probabilities.astype(np.float32, copy=False)


def rank_tags(probabilities: Floats) -> list[Prediction]:
    """Return a Prediction of all labels, best first, for each row of (B, C); of equal ones the first comes first."""
    orders = np.argsort(-probabilities, axis=1, kind="stable")
    nothing = np.zeros((0, 4), dtype=np.float32)
    return [
        Prediction(labels=order, scores=row[order], boxes=nothing)
        for row, order in zip(probabilities, orders, strict=True)
    ]

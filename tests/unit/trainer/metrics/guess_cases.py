"""Randomized guesses of tags, some with many equal scores and with tags that nothing has."""

import numpy as np
import pytest

ONE_TAG = [
    pytest.param(seed, labels, decimals, id=f"{labels} tags, {decimals} decimals, {seed}")
    for labels in (2, 9, 40)
    for decimals in (1, 12)
    for seed in range(2)
]
"""Forty tags for sixty images leave some without any."""
DISTINCT = [
    pytest.param(seed, labels, 12, id=f"{labels} tags, {seed}") for labels in (2, 3, 9, 40) for seed in range(2)
]


def draw_one_tag(seed: int, labels: int, decimals: int, images: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return scores (N, C) and answers (N,); better than chance, and as rarely right as data with few images is."""
    random = np.random.default_rng(seed)
    answers = random.integers(0, labels, images)
    scores = random.dirichlet(np.ones(labels), images)
    scores[np.arange(images), answers] += 0.2
    return np.round(scores / scores.sum(axis=1, keepdims=True), decimals), answers


def draw_many_tags(seed: int, labels: int, decimals: int, images: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return scores (N, C) and relevant (N, C), of which the last tag, where there are over two, is nobody's."""
    random = np.random.default_rng(seed)
    relevant = random.random((images, labels)) < 0.25
    if labels > 2:
        relevant[:, -1] = False
    scores = np.clip(random.random((images, labels)) * 0.8 + 0.2 * relevant, 0, 1)
    return np.round(scores, decimals), relevant

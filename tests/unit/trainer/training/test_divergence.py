"""When a model is called no better than guessing, and what its user is told to look at."""

import pathlib

import numpy as np
import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.data.records.dataset import Example, LoadedDataset
from darkroom_trainer.metrics.statistics.baseline import compare_answers
from darkroom_trainer.training.divergence import explain_guessing, find_suspects


def answers(count: int, labels: int) -> np.ndarray:
    return np.arange(count) % labels


def a_dataset(labels: list[int], side_px: int = 64) -> LoadedDataset:
    nothing = np.zeros((0, 4), dtype=np.float32)
    examples = tuple(
        Example(at, f"{at}.png", pathlib.Path(f"{at}.png"), side_px, side_px, (label,), nothing)
        for at, label in enumerate(labels)
    )
    return LoadedDataset("pets", AnnotationKind.CLASSIFICATION, ("cat", "dog"), examples, "sha256:0")


@pytest.mark.parametrize(
    ("labels", "side_px", "same_pixels", "suspect"),
    [
        pytest.param([0, 1] * 20, 64, False, "labels that do not match", id="labels are always suspect"),
        pytest.param([0] * 20 + [1] * 3, 64, False, "few examples: tag 'dog' has 3", id="few images of a tag"),
        pytest.param([0, 1] * 20, 12, False, "low resolution: the smallest side is 12 px", id="tiny images"),
        pytest.param([0, 1] * 2, 64, True, "4 images that also appear under another tag", id="clashing copies"),
    ],
)
def test_suspects_are_named(labels: list[int], side_px: int, suspect: str, *, same_pixels: bool) -> None:
    images = torch.arange(len(labels), dtype=torch.uint8)[:, None, None, None].expand(-1, 4, 4, 3)
    found = find_suspects(a_dataset(labels, side_px), np.arange(len(labels)), images * (0 if same_pixels else 1))
    assert any(suspect in entry for entry in found)


def test_the_message_gives_numbers_and_suspects() -> None:
    test = compare_answers(np.zeros(100, np.int64), answers(100, 10))
    error = explain_guessing(Task.CLASSIFIER, test, ["labels"])
    assert error.reason is Reason.TRAINING_DIVERGED
    assert "10.0% of 100 held-out images" in error.message
    assert "Suspects: labels" in error.message

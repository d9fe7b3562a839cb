"""How the answers of baselines are scored."""

import numpy as np
import pytest

from bench.fewshot.baselines import registry
from bench.fewshot.drawing.pictures import Box, Picture
from bench.fewshot.sets import Part
from darkroom_predict.predictions import Prediction

PIXELS = np.zeros((4, 8, 3), dtype=np.uint8)
LEFT: Box = (0.0, 0.0, 0.5, 1.0)


def test_classes_are_scored_by_accuracy() -> None:
    part = Part(("a", "b"), [Picture(PIXELS, (label,)) for label in (0, 1, 1, 1)])
    assert registry.score([0, 1, 1, 0], part) == (0.75, None)


@pytest.mark.parametrize(
    ("found", "scores"),
    [
        pytest.param(LEFT, (1.0, 1.0), id="a right box"),
        pytest.param((0.0, 0.0, 0.5, 0.6), (1.0, 0.0), id="a box that fits by half"),
        pytest.param((0.5, 0.0, 0.5, 1.0), (0.0, 0.0), id="a box elsewhere"),
    ],
)
def test_boxes_are_scored_by_both_overlaps(found: Box, scores: tuple[float, float]) -> None:
    part = Part(("a",), [Picture(PIXELS, (0,), (LEFT,))])
    prediction = Prediction(np.array([0]), np.array([0.9], dtype=np.float32), np.array([found], dtype=np.float32))
    assert registry.score([prediction], part) == pytest.approx(scores)

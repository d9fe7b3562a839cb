"""The numbers for boxes that the replaced service's own code is tested with: microsoft/vision-evaluation 0.2.14 (MIT).

Values as published there, to the digits given.
"""

from functools import partial

import numpy as np
import pytest

from darkroom_predict.predictions import Prediction, Truth, build_truth
from darkroom_trainer.metrics.box_scores import detection

close_to = partial(pytest.approx, abs=1e-5)


WHOLE, CORNER, SMALL, TINY = (0, 0, 1, 1), (0.5, 0.5, 0.5, 0.5), (0.1, 0.1, 0.4, 0.4), (0.9, 0.9, 0.1, 0.1)
"""Boxes as left, top, width, height."""
Box = tuple[int, tuple[float, float, float, float]]


def found(*boxes: Box) -> Prediction:
    """Return boxes that are all equally sure."""
    return Prediction(
        np.array([label for label, _ in boxes], dtype=np.int64),
        np.ones(len(boxes), dtype=np.float32),
        np.array([box for _, box in boxes], dtype=np.float32).reshape(-1, 4),
    )


def true(*boxes: Box, crowd: tuple[bool, ...] | None = None) -> Truth:
    plain = build_truth([label for label, _ in boxes], [box for _, box in boxes])
    return plain if crowd is None else Truth(plain.labels, plain.boxes, np.array(crowd))


TWO_BATCHES = [found((0, WHOLE), (1, CORNER)), found((2, SMALL)), found((0, TINY), (1, CORNER)), found((2, SMALL))]
TWO_TRUTHS = [true((0, WHOLE), (1, CORNER)), true((2, SMALL))]


@pytest.mark.parametrize(
    ("predictions", "truths", "wanted"),
    [
        pytest.param([found((0, WHOLE), (0, CORNER), (1, CORNER))], TWO_TRUTHS[:1], 1.0, id="a double of equal score"),
        pytest.param([found((0, WHOLE), (1, CORNER)), found((2, SMALL))], TWO_TRUTHS, 1.0, id="perfect"),
        pytest.param(TWO_BATCHES, TWO_TRUTHS * 2, 0.834983, id="one wrong box in four images"),
        pytest.param(
            TWO_BATCHES,
            [*TWO_TRUTHS, true((0, WHOLE), (1, CORNER), crowd=(True, False)), TWO_TRUTHS[1]],
            1.0,
            id="the wrong box is in a crowd",
        ),
        pytest.param([found((0, CORNER), (1, CORNER))], TWO_TRUTHS[:1], 0.5, id="an overlap of a quarter"),
        pytest.param([found()], TWO_TRUTHS[:1], 0.0, id="no boxes"),
        pytest.param([found((0, WHOLE))], [true()], 0.0, id="no truth"),
        pytest.param([], [], 0.0, id="no images"),
    ],
)
def test_mean_average_precision_at_half_overlap(
    predictions: list[Prediction], truths: list[Truth], wanted: float
) -> None:
    performance = detection.measure_detection(predictions, truths, ("a", "b", "c"))
    assert performance.mean_average_precision50 == close_to(wanted)

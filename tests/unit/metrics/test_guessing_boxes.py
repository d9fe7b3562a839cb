"""Whether a detector is better than guessing: by the boxes it finds and by their tags, crowds left out."""

from collections.abc import Sequence

import numpy as np
import pytest

from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.metrics.box_scores import detection

LEFT, MIDDLE, RIGHT = [0.0, 0.0, 0.3, 0.3], [0.35, 0.0, 0.3, 0.3], [0.7, 0.7, 0.3, 0.3]
Boxes = Sequence[tuple[list[float], int]]


def a_truth(singles: Boxes, crowds: Boxes = ()) -> Truth:
    """Return boxes, each with its tag, of which those in `crowds` are around many things."""
    boxes, labels = zip(*singles, *crowds, strict=True)
    is_crowd = np.array([False] * len(singles) + [True] * len(crowds))
    return Truth(np.array(labels), np.array(boxes, dtype=np.float32), is_crowd if crowds else None)


def a_prediction(*found: tuple[list[float], int]) -> Prediction:
    """Return boxes, each with its tag, of falling scores."""
    boxes, labels = zip(*found, strict=True)
    scores = np.linspace(0.9, 0.5, len(found), dtype=np.float32)
    return Prediction(np.array(labels), scores, np.array(boxes, dtype=np.float32))


CASES = [
    pytest.param(a_truth([(LEFT, 0), (MIDDLE, 1)]), [(LEFT, 0), (MIDDLE, 0)], 0.5, 1.0, 2, id="one name wrong"),
    pytest.param(a_truth([(LEFT, 0)], [(RIGHT, 1)]), [(LEFT, 0)], 1.0, 1.0, 1, id="a crowd that is not found"),
    pytest.param(
        a_truth([(LEFT, 0), (MIDDLE, 1)], [(RIGHT, 1)]), [(RIGHT, 1)], 0.0, 0.0, 2, id="only the crowd is found"
    ),
    pytest.param(
        a_truth([(LEFT, 0)], [(RIGHT, 1)]), [(LEFT, 0), (RIGHT, 0)], 1.0, 1.0, 1, id="a crowd with another name"
    ),
    pytest.param(a_truth([], [(RIGHT, 1)]), [(RIGHT, 1)], 0.0, 0.0, 0, id="nothing but a crowd"),
]


@pytest.mark.parametrize(("truth", "guesses", "named", "found", "count"), CASES)
def test_crowds_count_for_and_against_nobody(
    truth: Truth, guesses: Boxes, named: float, found: float, count: int
) -> None:
    predictions = [a_prediction(*guesses)]
    assert detection.compare_box_labels(predictions, [truth]).score == named
    share = detection.compute_found_share(predictions, [truth])
    assert (share.score, share.count) == (found, count)
    assert detection.compare_box_labels(predictions, [truth]).count == round(found * count)


@pytest.mark.parametrize(
    ("images", "no_better"), [pytest.param(40, True, id="many boxes"), pytest.param(14, False, id="few boxes")]
)
def test_wrong_names_show_a_guess_once_there_are_many_boxes(images: int, *, no_better: bool) -> None:
    truths = [a_truth([(LEFT, at % 10), (MIDDLE, at % 7)]) for at in range(images)]
    predictions = [a_prediction((LEFT, (at + 1) % 10), (MIDDLE, (at + 1) % 7)) for at in range(images)]
    assert detection.compare_box_labels(predictions, truths).is_no_better is no_better


@pytest.mark.parametrize(
    ("boxes", "found", "no_better"),
    [
        pytest.param(60, 0, True, id="none of many is found"),
        pytest.param(60, 1, True, id="one of many"),
        pytest.param(60, 6, False, id="a tenth of many"),
        pytest.param(3, 0, False, id="none of three shows nothing"),
    ],
)
def test_missed_boxes_show_a_guess_once_there_are_enough(boxes: int, found: int, *, no_better: bool) -> None:
    truths = [a_truth([(LEFT, 0)]) for _ in range(boxes)]
    predictions = [a_prediction((LEFT if at < found else RIGHT, 0)) for at in range(boxes)]
    assert detection.compute_found_share(predictions, truths).is_no_better is no_better

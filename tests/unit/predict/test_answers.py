"""Answers in the replaced service's form."""

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.answers import build_answer, round_box
from darkroom_predict.predictions import Prediction, keep_best_of_stacked


@pytest.mark.parametrize(
    ("box", "rounded"),
    [
        pytest.param((0.1, 0.2, 0.3, 0.4), (10, 20, 30, 40), id="as it is"),
        pytest.param((-0.2, -0.2, 0.5, 0.5), (0, 0, 30, 30), id="cut at the left and the top"),
        pytest.param((0.9, 0.9, 0.5, 0.5), (90, 90, 10, 10), id="cut at the right and the bottom"),
        pytest.param((0.5, 0.5, 0.0, 0.0), (50, 50, 1, 1), id="at least one pixel"),
        pytest.param((1.0, 1.0, 0.1, 0.1), (99, 99, 1, 1), id="never outside"),
        pytest.param((0.0, 0.0, 1.0, 1.0), (0, 0, 100, 100), id="the whole image"),
    ],
)
def test_boxes_are_whole_pixels_inside_the_image(box: tuple[float, ...], rounded: tuple[int, ...]) -> None:
    found = round_box(np.array(box, dtype=np.float32), (100, 100))
    assert tuple(found.values()) == rounded
    assert all(type(value) is int for value in found.values())


def test_objects_and_tags_have_the_services_form() -> None:
    box = np.array([[0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    one = Prediction(np.array([1]), np.array([0.875], np.float32), box)
    detector = build_answer(Task.DETECTOR, one, ("cat", "dog"), (1260, 900), "v1")
    assert detector == {
        "modelVersion": "v1",
        "metadata": {"width": 1260, "height": 900},
        "customModelResult": {
            "objectsResult": {
                "values": [
                    {
                        "id": "1",
                        "boundingBox": {"x": 126, "y": 180, "w": 378, "h": 360},
                        "tags": [{"name": "dog", "confidence": 0.875}],
                    }
                ]
            }
        },
    }
    tags = build_answer(Task.CLASSIFIER, one, ("cat", "dog"), (10, 10), "v1")["customModelResult"]
    assert tags == {"tagsResult": {"values": [{"name": "dog", "confidence": 0.875}]}}


def test_of_stacked_boxes_the_surest_is_shown() -> None:
    place, near, apart = (0.1, 0.1, 0.4, 0.4), (0.12, 0.1, 0.4, 0.4), (0.6, 0.6, 0.2, 0.2)
    found = Prediction(
        np.array([0, 1, 1, 0]),
        np.array([0.9, 0.8, 0.7, 0.2], np.float32),
        np.array([place, near, apart, apart], np.float32),
    )
    shown = keep_best_of_stacked(found, threshold=0.5)
    assert shown.labels.tolist() == [0, 1]
    assert shown.boxes[1].tolist() == pytest.approx(apart)

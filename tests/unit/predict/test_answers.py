"""Answers in the replaced service's form, of boxes, tags and shelves."""

from dataclasses import replace

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.answers import build_answer, round_box
from darkroom_predict.predictions import OtherTags, Prediction


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


def test_shelves_are_answered_as_objects_and_as_products_and_gaps() -> None:
    boxes = np.array([[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 0.5, 1.0]], dtype=np.float32)
    guess = Prediction(np.array([1, 0]), np.array([0.9, 0.8], np.float32), boxes)
    answer = build_answer(Task.PRODUCT_RECOGNIZER, guess, ("Gap", "tea"), (20, 10), "v1")
    tea, gap = answer["customModelResult"]["objectsResult"]["values"]
    assert answer["result"] == {"imageMetadata": {"width": 20, "height": 10}, "products": [tea], "gaps": [gap]}
    assert (tea["tags"][0]["name"], gap["tags"][0]["name"]) == ("tea", "Gap")
    others = OtherTags(np.array([[2, 0], [0, 0]]), np.array([[0.05, 0.00004], [0, 0]], np.float32))
    named = build_answer(Task.PRODUCT_RECOGNIZER, replace(guess, others=others), ("Gap", "tea", "mate"), (20, 10), "v1")
    assert [found["tags"] for found in named["result"]["products"] + named["result"]["gaps"]] == [
        [{"name": "tea", "confidence": 0.9}, {"name": "mate", "confidence": 0.05}],
        [{"name": "Gap", "confidence": 0.8}],
    ]
    assert "result" not in build_answer(Task.DETECTOR, guess, ("Gap", "tea"), (20, 10), "v1")

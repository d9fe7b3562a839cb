"""What people see of a model with any number of tags, and of one for shelves: answers, captions, predictions."""

import pathlib

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, Task
from darkroom_predict import picture
from darkroom_predict.answers import build_answer
from darkroom_predict.predictions import Prediction, build_truth
from darkroom_trainer.export import card
from tests.unit.tasks.tagged import a_guess

LABELS = ("cat", "dog", "night")


@pytest.mark.parametrize(
    ("true", "texts"),
    [
        pytest.param([0, 1], [("cat", True), ("dog", True)], id="all right"),
        pytest.param([0], [("cat", True), ("dog", False)], id="one too many"),
        pytest.param([0, 1, 2], [("cat", True), ("dog", True), ("-night", False)], id="one missed"),
    ],
)
def test_a_caption_says_what_was_said_and_what_was_missed(true: list[int], texts: list[tuple[str, bool]]) -> None:
    sample = picture.Sample(pathlib.Path("a.png"), a_guess([0.9, 0.7, 0.2]), build_truth(true, []))
    listed = picture.list_tags(sample, LABELS, 0.5)
    assert listed == [(text, picture.RIGHT if right else picture.WRONG) for text, right in texts]


def test_an_image_rightly_without_tags_is_said_to_have_none() -> None:
    sample = picture.Sample(pathlib.Path("a.png"), a_guess([0.1, 0.1, 0.1]), build_truth([], []))
    assert picture.list_tags(sample, LABELS, 0.5) == [("no tag", picture.RIGHT)]
    unknown = picture.Sample(pathlib.Path("a.png"), a_guess([0.9, 0.1, 0.1]))
    assert picture.list_tags(unknown, LABELS, 0.5) == [("cat 90%", picture.INK)]


def test_shelves_are_answered_as_objects_and_as_products_and_gaps() -> None:
    boxes = np.array([[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 0.5, 1.0]], dtype=np.float32)
    guess = Prediction(np.array([1, 0]), np.array([0.9, 0.8], np.float32), boxes)
    answer = build_answer(Task.PRODUCT_RECOGNIZER, guess, ("Gap", "tea"), (20, 10), "v1")
    tea, gap = answer["customModelResult"]["objectsResult"]["values"]
    assert answer["result"] == {"imageMetadata": {"width": 20, "height": 10}, "products": [tea], "gaps": [gap]}
    assert (tea["tags"][0]["name"], gap["tags"][0]["name"]) == ("tea", "Gap")
    assert "result" not in build_answer(Task.DETECTOR, guess, ("Gap", "tea"), (20, 10), "v1")


@pytest.mark.parametrize(
    ("scores", "name"),
    [
        ({"accuracy_top1": 0.5, "average_precision": 0.5}, "accuracyTop1"),
        ({"average_precision": 0.5}, "averagePrecision"),
        ({"mean_average_precision50": 0.5}, "mAP@50"),
    ],
)
def test_the_one_number_has_its_own_name_for_each_task(scores: dict[str, float], name: str) -> None:
    assert card.name_score(Performance(measured_on=MeasuredOn.HOLD_OUT, images=1, score=0.5, **scores)) == name

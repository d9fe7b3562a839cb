"""What people see of a model: captions of pictures."""

import pathlib

import pytest

from darkroom_predict import picture
from darkroom_predict.predictions import build_truth
from tests.support.tagged import a_guess

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

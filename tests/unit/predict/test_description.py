"""A model's description, written and read back."""

import pathlib

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict import description
from darkroom_predict.errors import ModelUnusable

A_MODEL = description.ModelDescription(
    task=Task.CLASSIFIER,
    labels=("cat", "dög"),
    backbone="test_resnet",
    preprocessing=description.Preprocessing(64, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
    threshold=0.0,
    version="abc",
    darkroom_version="0",
)


def test_a_description_comes_back_as_it_was_written(tmp_path: pathlib.Path) -> None:
    description.write_description(A_MODEL, tmp_path)
    assert description.read_description(tmp_path) == A_MODEL


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"task": "painter"}'])
def test_a_file_that_describes_no_model_is_refused(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / description.DESCRIPTION_NAME).write_text(text)
    with pytest.raises(ModelUnusable, match=r"model\.json"):
        description.read_description(tmp_path)

"""A model's description, written and read back."""

import json
import pathlib
from typing import Any

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


NEWER = {
    "further keys": ({"calibration": {"kind": "isotonic"}}, {}),
    "further keys of the preprocessing": ({}, {"interpolation": "antialias"}),
}


@pytest.mark.parametrize(("keys", "preprocessing"), NEWER.values(), ids=NEWER.keys())
def test_a_model_of_the_next_minor_version_is_opened_though_it_has(
    keys: dict[str, Any], preprocessing: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    written = A_MODEL.to_json()
    written = {**written, **keys, "preprocessing": {**written["preprocessing"], **preprocessing}}
    (tmp_path / description.DESCRIPTION_NAME).write_text(json.dumps(written))
    assert description.read_description(tmp_path) == A_MODEL
    metadata = {f"darkroom.{key}": json.dumps(value) for key, value in written.items()}
    assert description.parse_metadata(metadata, tmp_path) == A_MODEL


def test_a_model_of_the_previous_minor_version_is_opened_without_what_came_since(tmp_path: pathlib.Path) -> None:
    written = A_MODEL.to_json()
    old = {key: value for key, value in written.items() if not key.startswith("light")}
    old["preprocessing"] = {key: written["preprocessing"][key] for key in ("image_size_px", "mean", "deviation")}
    (tmp_path / description.DESCRIPTION_NAME).write_text(json.dumps(old))
    assert description.read_description(tmp_path) == A_MODEL


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "poseEstimator"}, "poseEstimator"),
        ({"preprocessing": {"resize": "letterbox"}}, "preprocessing.resize is 'letterbox'"),
        ({"preprocessing": {"color": "BGR"}}, "preprocessing.color is 'BGR'"),
    ],
    ids=["a task", "another way to resize", "another order of colours"],
)
def test_what_would_change_the_answers_is_refused_where_this_version_does_not_know(
    change: dict[str, Any], said: str, tmp_path: pathlib.Path
) -> None:
    written = A_MODEL.to_json()
    changed = {**written, **change}
    changed["preprocessing"] = {**written["preprocessing"], **change.get("preprocessing", {})}
    (tmp_path / description.DESCRIPTION_NAME).write_text(json.dumps(changed))
    with pytest.raises(ModelUnusable, match=r"describes no model that Darkroom .* can use") as refused:
        description.read_description(tmp_path)
    assert said in str(refused.value)

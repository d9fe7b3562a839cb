"""A finished model without an ONNX file is opened from its weights."""

import json
import pathlib

import numpy as np
import pytest
import torch

from darkroom_predict import description
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.loading import open_predictor
from darkroom_trainer.export import onnx_parity
from darkroom_trainer.prediction.weights_model import open_weights
from tests.support.model_folders import copy_without
from tests.support.models import some_pixels


def test_the_weights_answer_as_the_onnx_file_does(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    bare = copy_without(folder, tmp_path / "bare", description.ONNX_NAME)
    by_onnx = open_predictor(folder, threads=1).predict(some_pixels(3))
    by_weights = open_weights(bare, 1).predict(some_pixels(3))
    for one, other in zip(by_onnx, by_weights, strict=True):
        assert np.allclose(one.scores, other.scores, atol=onnx_parity.TOLERANCE)


def test_it_computes_with_the_threads_that_were_asked_for(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    open_weights(folder, 1)
    assert asked[-1:] == [1]


@pytest.mark.parametrize("damage", ["weights of another model", "a network of another version"])
def test_a_folder_that_cannot_be_opened_is_a_model_that_cannot_be_used(
    damage: str, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    broken = copy_without(folder, tmp_path / "broken", description.ONNX_NAME)
    if damage == "weights of another model":
        (broken / description.WEIGHTS_NAME).write_bytes(b"\x00" * 64)
    else:
        described = json.loads((broken / description.DESCRIPTION_NAME).read_text())
        (broken / description.DESCRIPTION_NAME).write_text(json.dumps({**described, "backbone": "unheard_of"}))
    with pytest.raises(ModelUnusable, match=r"^model: "):
        open_weights(broken, 1)

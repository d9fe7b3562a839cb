"""A model that answers from its ONNX file alone, in batches."""

import pathlib

import numpy as np
import pytest

from darkroom_predict.errors import ModelUnusable
from darkroom_predict.onnx_predictor import BATCH_SIZE, open_onnx
from tests.unit.predict.onnx_files import DESCRIPTION, SIZE_PX, write_onnx


def test_a_file_says_what_it_is(tmp_path: pathlib.Path) -> None:
    assert open_onnx(write_onnx(tmp_path / "model.onnx"), 1).description == DESCRIPTION


@pytest.mark.parametrize("count", [0, 1, BATCH_SIZE, BATCH_SIZE + 1, 3 * BATCH_SIZE - 1])
def test_every_image_gets_its_own_answer_however_many_there_are(count: int, tmp_path: pathlib.Path) -> None:
    colours = np.arange(count) % 3
    pixels = np.zeros((count, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    for at, colour in enumerate(colours):
        pixels[at, :, :, colour] = 255
    predictions = open_onnx(write_onnx(tmp_path / "model.onnx"), 1).predict(pixels)
    assert [prediction.labels[0] for prediction in predictions] == colours.tolist()
    assert all(prediction.scores[0] > 0.5 for prediction in predictions)


def test_a_file_that_describes_no_model_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelUnusable, match=r"model\.onnx"):
        open_onnx(write_onnx(tmp_path / "model.onnx", {}), 1)

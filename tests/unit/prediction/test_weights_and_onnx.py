"""The two forms of a finished model, weights and ONNX, give the same answers."""

import pathlib

import numpy as np
import torch

from darkroom_predict import description
from darkroom_predict.loading import open_predictor
from darkroom_predict.resizing import decode_file
from darkroom_trainer.export import onnx_parity
from darkroom_trainer.prediction.torch_predictor import build_predictor
from darkroom_trainer.runtime import device
from tests.unit.prediction.pictures import write_images


def test_weights_and_onnx_say_the_same(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    pixels = np.stack([decode_file(path, 32) for path in write_images(tmp_path)])
    by_onnx = open_predictor(folder, threads=1)
    cpu = device.Device(torch.device("cpu"), threads=1)
    by_weights = build_predictor(folder, description.read_description(folder), cpu)
    assert by_onnx.description == by_weights.description
    for first, second in zip(by_onnx.predict(pixels), by_weights.predict(pixels), strict=True):
        assert first.labels.tolist() == second.labels.tolist()
        assert np.allclose(first.scores, second.scores, atol=onnx_parity.TOLERANCE)
        assert np.allclose(first.boxes, second.boxes, atol=onnx_parity.TOLERANCE)

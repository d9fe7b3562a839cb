"""From what a user has of a model to something that answers: an ONNX file, or a folder with a finished model's files.

Owns which of a folder's files is used: the ONNX file where there is one. Weights alone need torch: what opens them is
given by whoever has it. Must not import torch.
"""

import pathlib
from collections.abc import Callable
from typing import Protocol

from darkroom_predict import listing
from darkroom_predict.description import DESCRIPTION_NAME, ONNX_NAME, WEIGHTS_NAME, ModelDescription
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.images import Pixels
from darkroom_predict.onnx_predictor import open_onnx
from darkroom_predict.predictions import Prediction


class Predictor(Protocol):
    """What answers about images, however it computes."""

    @property
    def description(self) -> ModelDescription:
        """Return what the model is and how images are prepared for it."""

    def predict(self, pixels: Pixels) -> list[Prediction]:
        """Return one Prediction for each image (N, S, S, 3), decoded by `resizing` at the model's size."""


OpenWeights = Callable[[pathlib.Path, int | None], Predictor]
"""Opens a folder that holds weights but no ONNX file, to compute with so many threads (all cores when None)."""


def open_predictor(
    model: pathlib.Path, threads: int | None = None, open_weights: OpenWeights | None = None
) -> Predictor:
    """Return the model of an ONNX file or of a folder, whose files are checked by their SHA-256.

    Computes with `threads`, all cores when None. Raises ModelUnusable naming what is wrong.
    """
    if not model.exists():
        raise ModelUnusable(f"model: there is no file or folder {model}")
    if not model.is_dir():
        return open_onnx(model, threads)
    if ONNX_NAME in listing.check_files(model, []).files:
        listing.check_files(model, [ONNX_NAME])
        return open_onnx(model / ONNX_NAME, threads)
    listing.check_files(model, [DESCRIPTION_NAME, WEIGHTS_NAME])
    if open_weights is None:
        raise ModelUnusable(f"model: {model} has no {ONNX_NAME}; write it with `darkroom export`")
    return open_weights(model, threads)

"""From what a user has of a model to something that answers: an ONNX file, or a folder with a finished model's files.

Owns which of a folder's files is used: the ONNX file where there is one. Must not import torch unless there is none.
"""

import pathlib
from typing import Protocol

from darkroom_api.conditions import Reason
from darkroom_trainer.data.images import Pixels
from darkroom_trainer.errors import RunError
from darkroom_trainer.export import listing
from darkroom_trainer.export.description import (
    DESCRIPTION_NAME,
    ONNX_NAME,
    WEIGHTS_NAME,
    ModelDescription,
    read_description,
)
from darkroom_trainer.tasks.predictions import Prediction


class Predictor(Protocol):
    """What answers about images, however it computes."""

    @property
    def description(self) -> ModelDescription:
        """Return what the model is and how images are prepared for it."""

    def predict(self, pixels: Pixels) -> list[Prediction]:
        """Return one Prediction for each image (N, S, S, 3), decoded by `data.resizing` at the model's size."""


def open_predictor(model: pathlib.Path, threads: int | None = None) -> Predictor:
    """Return the model of an ONNX file or of a folder, whose files are checked by their SHA-256.

    Computes with `threads`, all cores when None. Raises RunError(InvalidConfiguration) naming what is wrong.
    """
    if not model.exists():
        raise RunError(Reason.INVALID_CONFIGURATION, f"model: there is no file or folder {model}")
    if not model.is_dir():
        return _open_onnx(model, threads)
    if ONNX_NAME in listing.check_files(model, []).files:
        listing.check_files(model, [ONNX_NAME])
        return _open_onnx(model / ONNX_NAME, threads)
    listing.check_files(model, [DESCRIPTION_NAME, WEIGHTS_NAME])
    return _open_weights(model, threads)


def _open_onnx(path: pathlib.Path, threads: int | None) -> Predictor:
    from darkroom_trainer.prediction.onnx_predictor import open_onnx

    return open_onnx(path, threads)


def _open_weights(folder: pathlib.Path, threads: int | None) -> Predictor:
    import torch

    from darkroom_trainer.device import prepare_device
    from darkroom_trainer.prediction.predictor import build_predictor

    device = prepare_device()
    if threads is not None:
        torch.set_num_threads(threads)
    return build_predictor(folder, read_description(folder), device)

"""A finished model that has no ONNX file, opened from its weights.

Must not import torch before there is such a model: `darkroom predict` starts in a second.
"""

import pathlib

from darkroom_predict.description import read_description
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.loading import Predictor
from darkroom_trainer.runtime.errors import RunError


def open_weights(folder: pathlib.Path, threads: int | None) -> Predictor:
    """Return the model in `folder`, computing with `threads` (all cores when None); raises ModelUnusable."""
    import torch

    from darkroom_trainer.prediction.torch_predictor import build_predictor
    from darkroom_trainer.runtime.device import prepare_device

    device = prepare_device()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        return build_predictor(folder, read_description(folder), device)
    except RunError as error:
        raise ModelUnusable(error.message) from error

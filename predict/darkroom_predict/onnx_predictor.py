"""A model that answers from its ONNX file alone.

Must not import torch: it need not be installed.
"""

import pathlib
from dataclasses import dataclass
from typing import Final

from darkroom_predict.decoding.outputs import decode_outputs
from darkroom_predict.description import ModelDescription, parse_metadata
from darkroom_predict.images import Pixels
from darkroom_predict.onnx_session import OnnxModel, build_input
from darkroom_predict.predictions import Prediction

BATCH_SIZE: Final = 16


@dataclass(frozen=True)
class OnnxPredictor:
    """A model in onnxruntime, with what it says of itself."""

    description: ModelDescription
    session: OnnxModel

    def predict(self, pixels: Pixels) -> list[Prediction]:
        """Return one Prediction for each decoded image (N, S, S, 3)."""
        predictions: list[Prediction] = []
        for start in range(0, len(pixels), BATCH_SIZE):
            outputs = self.session.run(build_input(pixels[start : start + BATCH_SIZE]))
            predictions += decode_outputs(self.description.task, outputs)
        return predictions


def open_onnx(path: pathlib.Path, threads: int | None, *, in_arena: bool = False) -> OnnxPredictor:
    """Return the model of an ONNX file; raises ModelUnusable where it is none of Darkroom's."""
    session = OnnxModel(path, threads, in_arena=in_arena)
    return OnnxPredictor(parse_metadata(session.metadata, path), session)

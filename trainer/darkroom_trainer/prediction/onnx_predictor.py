"""A model that answers from its ONNX file alone.

Must not import torch: it need not be installed.
"""

import pathlib
from dataclasses import dataclass
from typing import Final

from darkroom_trainer.data.images import Pixels
from darkroom_trainer.decoding.outputs import decode_outputs
from darkroom_trainer.export.description import ModelDescription, parse_metadata
from darkroom_trainer.export.onnx_session import OnnxModel, build_input
from darkroom_trainer.tasks.predictions import Prediction

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


def open_onnx(path: pathlib.Path, threads: int | None) -> OnnxPredictor:
    """Return the model of an ONNX file; raises RunError(InvalidConfiguration) where it is none of Darkroom's."""
    session = OnnxModel(path, threads)
    return OnnxPredictor(parse_metadata(session.metadata, path), session)

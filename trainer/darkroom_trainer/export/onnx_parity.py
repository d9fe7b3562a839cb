"""Whether an ONNX file says what the model says: both run on the same images, in the run that made them.

Owns the comparison and its record. Must not decide what follows from a difference.
"""

import pathlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from darkroom_api.v1alpha1.common import Task
from darkroom_predict import onnx_session
from darkroom_predict.decoding import boxes
from darkroom_predict.decoding.products import TAGS
from darkroom_predict.description import ONNX_NAME, ModelDescription
from darkroom_predict.images import Pixels
from darkroom_predict.predictions import Floats
from darkroom_trainer.export import onnx_model

TOLERANCE: Final = 1e-4
BATCHES: Final = (1, 3)
MAX_IMAGES: Final = sum(BATCHES)
BOXED: Final = (Task.DETECTOR, Task.PRODUCT_RECOGNIZER)


@dataclass(frozen=True)
class Parity:
    """The largest differences between torch and onnxruntime; boxes are relative to the picture's sides.

    Those of logits are absolute up to 1 and relative beyond: float32 sums in another order differ by parts of it.
    """

    max_logit_difference: float
    max_box_difference: float | None
    images: int

    @property
    def agrees(self) -> bool:
        """Return whether both say the same within TOLERANCE."""
        return max(self.max_logit_difference, self.max_box_difference or 0.0) <= TOLERANCE

    def to_json(self) -> dict[str, Any]:
        """Return the record for metrics.json."""
        return {
            "maxLogitDifference": _as_json(self.max_logit_difference),
            "maxBoxDifference": _as_json(self.max_box_difference),
            "images": self.images,
            "tolerance": TOLERANCE,
            "agrees": self.agrees,
        }


def _as_json(difference: float | None) -> float | None:
    """Return the number, or None for infinity, which JSON has no word for."""
    return difference if difference is not None and np.isfinite(difference) else None


def check_parity(
    portable: onnx_model.PortableModel,
    description: ModelDescription,
    path: pathlib.Path,
    pixels: Pixels,
    threads: int | None = 1,
) -> Parity:
    """Return how far the file at `path` is from `portable` on decoded images (N, S, S, 3): one alone, then three.

    Takes MAX_IMAGES of them, spread evenly; fewer are repeated. Costs two passes over four images. Raises RunError
    where onnxruntime cannot open the file.
    """
    session = onnx_session.OnnxModel(path, threads)
    chosen = np.linspace(0, len(pixels) - 1, MAX_IMAGES).round().astype(np.int64)
    images = onnx_session.build_input(np.asarray(pixels[chosen]))
    pairs = [_run_both(portable, session, batch) for batch in np.split(images, np.cumsum(BATCHES)[:-1])]
    expected, found = (np.concatenate(outputs) for outputs in zip(*pairs, strict=True))
    split = expected.shape[-1] - 4 if description.task in BOXED else None
    if description.task is Task.PRODUCT_RECOGNIZER:
        logits = max(
            _find_largest(expected[..., :TAGS], found[..., :TAGS]),
            compare_names(expected[..., TAGS:split], found[..., TAGS:split]),
        )
    else:
        logits = _find_largest(expected[..., :split], found[..., :split])
    corners = None if split is None else _find_largest(_decode(expected, split), _decode(found, split))
    return Parity(logits, corners, len(np.unique(chosen)))


def _run_both(
    portable: onnx_model.PortableModel, session: onnx_session.OnnxModel, images: Floats
) -> tuple[Floats, Floats]:
    with torch.inference_mode():
        expected: Floats = portable(torch.from_numpy(images)).numpy()
    return expected, session.run(images)


def _decode(outputs: Floats, num_labels: int) -> Floats:
    """Return the boxes of all cells, cut at the picture's edges as they are in answers."""
    num_cells = outputs.shape[1]
    corners = boxes.decode_corners(outputs[..., num_labels : num_labels + 4], np.arange(num_cells), num_cells)
    return np.clip(corners, 0, 1)


def compare_names(expected: Floats, found: Floats) -> float:
    """Return the largest difference in the probability of a name.

    Of names that are as likely either may come first. One that only one side lists is for the other side at most as
    likely as the last that it lists.
    """
    return max(_measure_names(expected, found), _measure_names(found, expected))


def _measure_names(told: Floats, other: Floats) -> float:
    """Return by how much names (..., 2 N) of one side, each with its probability, are likelier than the other's."""
    is_same = told[..., 0::2, None] == other[..., None, 0::2]
    listed = (is_same * other[..., None, 1::2]).sum(axis=-1)
    believed = np.where(is_same.any(axis=-1), listed, other[..., 1::2].min(axis=-1, keepdims=True))
    difference = float((told[..., 1::2] - believed).max(initial=0.0))
    return difference if np.isfinite(told).all() and np.isfinite(other).all() else float("inf")


def _find_largest(expected: Floats, found: Floats) -> float:
    """Return the largest difference; infinity where either side is no number, which `max` would pass over."""
    largest = float((np.abs(expected - found) / np.maximum(1.0, np.abs(expected))).max(initial=0.0))
    return largest if np.isfinite(largest) else float("inf")


def export_checked(model: nn.Module, description: ModelDescription, folder: pathlib.Path, pixels: Pixels) -> Parity:
    """Write `model.onnx` into `folder` and return how far it is from `model` on some of `pixels`.

    Raises ExportFailed where there is no such file afterwards: the model cannot be written, or cannot be run.
    """
    portable = onnx_model.PortableModel(model, description)
    path = folder / ONNX_NAME
    onnx_model.export_onnx(portable, description, path)
    try:
        return check_parity(portable, description, path, pixels)
    except Exception as error:
        path.unlink(missing_ok=True)
        raise onnx_model.ExportFailed(f"it cannot be run: {error}") from error

"""`darkroom export`: the ONNX file of a finished model that was handed over without one, checked on the user's images.

Owns how the file and the list of all files come into the folder. Must not change the weights.
"""

import pathlib
import sys
import tempfile
from collections.abc import Sequence

import numpy as np

from darkroom_predict import command, description, listing
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.images import ImageProblem, Pixels
from darkroom_trainer.export import onnx_model, onnx_parity
from darkroom_trainer.prediction import torch_predictor
from darkroom_trainer.runtime.device import prepare_device
from darkroom_trainer.runtime.errors import RunError


def run_export(folder: pathlib.Path, images: Sequence[pathlib.Path]) -> int:
    """Write `model.onnx` into a finished model's folder; returns 0, or 1 after saying what is wrong."""
    try:
        names = list(listing.check_files(folder, []).files)
        listing.check_files(folder, names)
        model = description.read_description(folder)
        pixels = np.stack([command.decode_image(path, model.preprocessing.image_size_px) for path in images])
        parity = export_model(folder, names, model, pixels)
    except (RunError, ModelUnusable, ImageProblem, onnx_model.ExportFailed) as error:
        print(f"darkroom export: {error}", file=sys.stderr)
        return 1
    largest = max(parity.max_logit_difference, parity.max_box_difference or 0.0)
    print(f"{folder / description.ONNX_NAME} answers as the weights do; largest difference {largest:.1e}")
    return 0


def export_model(
    folder: pathlib.Path, names: Sequence[str], model: description.ModelDescription, pixels: Pixels
) -> onnx_parity.Parity:
    """Write the file and list it beside `names`, last; returns how far it is from the weights on images (N, S, S, 3).

    Raises RunError, and ExportFailed where it cannot be written or answers otherwise: the folder is then as it was.
    """
    network = torch_predictor.build_predictor(folder, model, prepare_device()).model
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as made:
        work = pathlib.Path(made)
        parity = onnx_parity.export_checked(network, model, work, pixels)
        if not parity.agrees:
            raise onnx_model.ExportFailed(f"it answers otherwise than the weights: {parity.to_json()}")
        (work / description.ONNX_NAME).replace(folder / description.ONNX_NAME)
        (work / listing.LIST_NAME).write_text(listing.build_list(folder, sorted({*names, description.ONNX_NAME})))
        (work / listing.LIST_NAME).replace(folder / listing.LIST_NAME)
    return parity

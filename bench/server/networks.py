"""The models that are served: a classifier and a detector of the search's own network, with random weights.

`python -m bench.server.networks FOLDER` writes them there.

What they say means nothing; what they cost is what a trained model costs. Must not measure.
"""

import pathlib
import sys

import torch

from bench.server.pictures import SIDE_PX, draw_pixels
from darkroom_api.v1alpha1.common import Task
from darkroom_predict import description, listing
from darkroom_predict.description import ModelDescription, Preprocessing
from darkroom_trainer.export import onnx_parity
from darkroom_trainer.tasks.registry import build_task

LABELS = tuple(f"tag {number}" for number in range(10))
BACKBONE = "tf_efficientnet_lite0"
MODELS = {"classifier": Task.CLASSIFIER, "detector": Task.DETECTOR}


def write_models(folder: pathlib.Path) -> None:
    """Write a finished model's folder for each of MODELS, where there is none yet."""
    for name, task in MODELS.items():
        target = folder / name
        if (target / listing.LIST_NAME).exists():
            continue
        target.mkdir(parents=True, exist_ok=True)
        preprocessing = Preprocessing(SIDE_PX, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        described = ModelDescription(task, LABELS, BACKBONE, preprocessing, 0.3, name, description.read_version())
        torch.manual_seed(1)
        model = build_task(task, LABELS).build_model(BACKBONE, image_size_px=SIDE_PX).eval()
        onnx_parity.export_checked(model, described, target, draw_pixels(2))
        description.write_description(described, target)
        names = [description.DESCRIPTION_NAME, description.ONNX_NAME]
        (target / listing.LIST_NAME).write_text(listing.build_list(target, names))


if __name__ == "__main__":
    write_models(pathlib.Path(sys.argv[1]))

"""A finished model as a CVAT function: `cvat-cli task auto-annotate TASK --function-file darkroom_function.py`.

    pip install cvat-cli 'darkroom[predict]'
    export DARKROOM_MODEL=model          # the folder of a finished model, such as `aws s3 sync` copies it
    cvat-cli --server-host https://cvat.example task auto-annotate 7 --function-file darkroom_function.py

The labels of the task must have the names of the model's tags; `--allow-unmatched-labels` leaves others out. Boxes are
in pixels of the picture as it is shown. A classifier gives the picture its best tag.
"""

import os
import pathlib

import cvat_sdk.auto_annotation as cvataa
import numpy as np
import PIL.Image
import PIL.ImageOps

from darkroom_predict.loading import open_predictor
from darkroom_predict.predictions import Prediction, keep_best_of_stacked
from darkroom_predict.resizing import resize_picture

_predictor = open_predictor(pathlib.Path(os.environ["DARKROOM_MODEL"]))
_described = _predictor.description

spec = cvataa.DetectionFunctionSpec(
    labels=[
        cvataa.label_spec(tag, number, type="rectangle" if _described.task.has_boxes else "tag")
        for number, tag in enumerate(_described.labels)
    ]
)


def _look(image: PIL.Image.Image, threshold: float) -> Prediction:
    pixels = resize_picture(image, _described.preprocessing.image_size_px)
    return keep_best_of_stacked(_predictor.predict(pixels[None])[0], threshold)


def detect(context: cvataa.DetectionFunctionContext, image: PIL.Image.Image) -> list[object]:
    """Return what the model sees in one picture."""
    upright = PIL.ImageOps.exif_transpose(image).convert("RGB")
    found = _look(upright, _described.threshold if context.conf_threshold is None else context.conf_threshold)
    if not _described.task.has_boxes:
        return [cvataa.tag(int(label)) for label in found.labels[:1]]
    ends = found.boxes[:, :2] + found.boxes[:, 2:]
    corners = np.concatenate([found.boxes[:, :2], ends], axis=1) * np.array([*upright.size, *upright.size])
    return [cvataa.rectangle(int(label), box.tolist()) for label, box in zip(found.labels, corners, strict=True)]

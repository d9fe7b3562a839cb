"""What becomes labels of what a model says of an image. Pure. Must not know files."""

from typing import Final

import numpy as np

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Prediction

LEAST_SIDE: Final = 1e-5
"""Of a box, as a share of the image: less than a pixel of the largest."""


def choose_labels(task: Task, prediction: Prediction) -> Prediction:
    """Return what becomes labels of what a model says from the threshold: one tag where an image has one.

    Of a box that lies at the very edge nothing may be left, and such a one is no label.
    """
    if task.has_boxes:
        kept = (prediction.boxes[:, 2:] >= LEAST_SIDE).all(axis=1)
    else:
        kept = np.arange(len(prediction.labels)) < (len(prediction.labels) if task.is_multilabel else 1)
    boxes = prediction.boxes[kept] if task.has_boxes else prediction.boxes
    return Prediction(prediction.labels[kept], prediction.scores[kept], boxes)

"""A model is shown the same pixels when it predicts as when it was trained."""

import pathlib

import numpy as np
from PIL import Image

from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_predict.command import predict_files
from darkroom_predict.images import Pixels
from darkroom_predict.predictions import Prediction
from darkroom_trainer.data.decoded import decode_images
from darkroom_trainer.data.records.dataset import Example, LoadedDataset
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.unit.prediction.models import LABELS, a_description
from tests.unit.prediction.pictures import write_images


class Watcher:
    """A predictor that keeps what it is shown."""

    description = a_description(Task.CLASSIFIER)

    def __init__(self) -> None:
        self.seen: list[Pixels] = []

    def predict(self, pixels: Pixels) -> list[Prediction]:
        """Keep the images and say nothing of them."""
        self.seen.append(pixels)
        return []


def test_prediction_decodes_an_image_as_training_does(tmp_path: pathlib.Path) -> None:
    """A large JPEG is decoded at a reduced size before it is resized: both have to take that short cut, or neither."""
    whole = Image.fromarray(np.random.default_rng(1).integers(0, 256, (800, 1200, 3), dtype=np.uint8))
    whole.save(tmp_path / "large.jpg")
    images = [*write_images(tmp_path), tmp_path / "large.jpg"]
    examples = tuple(
        Example(number, path.name, path, 1, 1, (0,), np.zeros((0, 4), dtype=np.float32))
        for number, path in enumerate(images)
    )
    dataset = LoadedDataset("some", AnnotationKind.CLASSIFICATION, LABELS, examples, "r1")
    trained_on = decode_images(dataset, 32, tmp_path / "work", SilentReporter())
    watcher = Watcher()
    assert list(predict_files(watcher, images)) == []
    assert np.array_equal(watcher.seen[0], trained_on)

"""The embedded network of the baselines, read by another way than Darkroom's."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from bench.fewshot.baselines import embedded
from bench.fewshot.drawing.pictures import Picture

DAISY = 985
"""ImageNet's class."""


def test_the_network_knows_a_flower() -> None:
    flower = Picture(np.asarray(Image.fromarray(load_sample_image("flower.jpg"))), (0,))
    answers = embedded.Embedder(num_classes=1000)([flower])
    assert answers.shape == (1, 1000)
    assert int(answers[0].argmax()) == DAISY


def test_a_network_without_its_head_gives_features_and_stops_when_the_time_is_up() -> None:
    pictures = [Picture(np.zeros((8, 8, 3), dtype=np.uint8), (0,))] * (embedded.BATCH_SIZE + 1)
    assert embedded.Embedder()(pictures, ends_at=0.0).shape == (embedded.BATCH_SIZE, 1280)

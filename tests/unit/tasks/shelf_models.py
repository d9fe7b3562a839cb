"""Small product recognizers on drawn shelves, for the tests. Seeds fixed, nothing read from outside."""

import pathlib

import numpy as np
import torch

from darkroom_trainer.data.records.dataset import Example
from darkroom_trainer.features import normalization
from darkroom_trainer.loop import training_loop
from darkroom_trainer.networks.recognizer_network import RecognizerNetwork
from darkroom_trainer.samples import shelf_pictures
from darkroom_trainer.tasks import prototypes
from darkroom_trainer.tasks.detector import Detector
from darkroom_trainer.tasks.recognizer import ProductRecognizer

LABELS = shelf_pictures.TAGS
Shelves = tuple[np.ndarray, list[Example]]


def draw_shelves(count: int, seed: int = 0) -> Shelves:
    """Return the pixels (N, S, S, 3) of shelves, and their annotations."""
    random = np.random.default_rng(seed)
    drawn = [shelf_pictures.draw_shelf(random) for _ in range(count)]
    side = shelf_pictures.SHELF_PX
    examples = [
        Example(
            at,
            f"{at}.png",
            pathlib.Path(f"{at}.png"),
            side,
            side,
            tuple(LABELS.index(placed.tag) for placed in shelf.placed),
            (np.array([placed.box for placed in shelf.placed]).reshape(-1, 4) / side).astype(np.float32),
        )
        for at, shelf in enumerate(drawn)
    ]
    return np.stack([shelf.pixels for shelf in drawn]), examples


def build_data(task: Detector, pixels: np.ndarray, examples: list[Example]) -> training_loop.TrainingData:
    """Return the shelves as training data."""
    rows = np.arange(len(examples))
    return training_loop.TrainingData(
        images=torch.from_numpy(pixels),
        targets=task.build_targets(examples, rows),
        rows=rows,
        mean=torch.full((3, 1, 1), 0.5),
        std=torch.full((3, 1, 1), 0.25),
    )


def build_network(task: ProductRecognizer, seed: int = 0) -> RecognizerNetwork:
    """Return a recognizer that has learned nothing."""
    torch.manual_seed(seed)
    network = task.build_model("test_resnet")
    assert isinstance(network, RecognizerNetwork)
    return network.eval()


def name_true_boxes(network: RecognizerNetwork, data: training_loop.TrainingData) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the network's names (K,) of the true boxes of products, and the right ones (K,)."""
    labels, places = prototypes.choose_boxes(data, network.gap)
    images = normalization.normalize_in_place(normalization.to_float(data.images[places[:, 0]]), data.mean, data.std)
    boxes = data.targets["box"][places[:, 0], places[:, 1]][:, None]
    with torch.inference_mode():
        return network.compare(network.embed(images, boxes)).argmax(dim=-1)[:, 0], labels

"""The size at which a training decodes its pictures."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.data.records.dataset import Example, LoadedDataset, no_boxes
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.training import decoding
from darkroom_trainer.training.run_data import RunData
from darkroom_trainer.training.training_run import Rows
from tests.unit.trainer.head_examples import a_network

RECIPE = Recipe("test_resnet", 96, 8, 1e-3)


def a_data(folder: pathlib.Path, side_px: int) -> RunData:
    """Return two pictures of noise, full of detail."""
    random = np.random.default_rng(0)
    examples = []
    for number in range(2):
        path = folder / f"{number}.png"
        Image.fromarray(random.integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)).save(path)
        examples.append(Example(number, path.name, path, side_px, side_px, (number,), no_boxes()))
    kind = AnnotationKind.CLASSIFICATION
    dataset = LoadedDataset(
        name="noise", annotation_kind=kind, labels=("a", "b"), examples=tuple(examples), revision="r"
    )
    every = np.arange(2)
    return RunData(dataset, Rows(every, every[:0], every), None, every[:0], Task.CLASSIFIER)


@pytest.mark.parametrize(
    ("pictures_px", "network_px", "side"),
    [(300, 224, 224), (130, 224, 160), (300, 64, 96), (300, None, 96)],
    ids=["as large as the network wants", "as large as the detail", "as large as what is trained", "without networks"],
)
def test_pictures_are_decoded(pictures_px: int, network_px: int | None, side: int, tmp_path: pathlib.Path) -> None:
    frozen = {} if network_px is None else {"own": a_network(network_px, network_px)}
    assert decoding.choose_side(RECIPE, a_data(tmp_path, pictures_px), frozen) == side


@pytest.mark.parametrize(
    ("state", "side_px"),
    [
        pytest.param({"imageSize": 224}, 224, id="a resumed run decodes what it decoded before"),
        pytest.param({}, 96, id="one of an older version decoded what it trained on"),
    ],
)
def test_a_resumed_run_decodes_at_the_saved_side(state: dict[str, int], side_px: int) -> None:
    assert decoding.read_side(state, RECIPE) == side_px

"""The weights that come with Darkroom, converted once a process, and photographs to show to their networks."""

import functools
import pathlib
import tempfile

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from sklearn import datasets

from darkroom_predict.images import Pixels
from darkroom_trainer.weights import embedded, packages

NAME = packages.SEARCHED


@functools.cache
def load_embedded() -> dict[str, torch.Tensor]:
    """Return the tensors of the network that a search takes unasked."""
    with tempfile.TemporaryDirectory() as folder:
        found = embedded.EmbeddedShelf([pathlib.Path(folder)], pathlib.Path(folder) / "none").find(NAME)
        assert found is not None, "the extra `trainer` installs its package"
        return safetensors.torch.load_file(found.path)


def some_photographs(count: int, size_px: int) -> Pixels:
    """Return decoded parts (count, size_px, size_px, 3) of scikit-learn's photographs."""
    random, found = np.random.default_rng(5), []
    photographs = datasets.load_sample_images().images
    for at in range(count):
        whole = photographs[at % len(photographs)]
        side = int(random.integers(150, 400))
        top, left = (int(random.integers(0, length - side)) for length in whole.shape[:2])
        part = Image.fromarray(whole[top : top + side, left : left + side])
        found.append(np.asarray(part.resize((size_px, size_px))))
    return np.stack(found)

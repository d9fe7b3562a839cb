"""A whole training beside the fixed features of a pretrained network that sees larger pictures than is trained on."""

import json
import pathlib

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from darkroom_api import conditions
from darkroom_api.run_config import Weights
from darkroom_trainer.loop import recipe
from darkroom_trainer.networks import backbones
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training.frozen_features import FEATURES_FOLDER
from tests.local_storage import a_local_place
from tests.unit.trainer.tiny_runs import Bench

NAME = "test_resnet.r160_in1k"
SIDE_PX = 170


@pytest.fixture
def bench(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a Model to train on noise of two colours, full of detail, and a folder with a network's weights."""
    monkeypatch.setattr(Classifier, "least_passes", 60)
    monkeypatch.setattr(recipe, "LEAST_PRETRAINED_PX", 10_000)  # what is trained is small
    torch.manual_seed(0)
    (tmp_path / "nets").mkdir()
    tensors = backbones.build_embedder(NAME)[0].state_dict()
    safetensors.torch.save_file(tensors, tmp_path / "nets" / f"{NAME}.safetensors")
    random = np.random.default_rng(0)
    (tmp_path / "train").mkdir()
    for number in range(20):
        pixels = random.integers(0, 200, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
        pixels[..., 2 * (number % 2)] += 55
        Image.fromarray(pixels).save(tmp_path / "train" / f"{number}.png")
    images = [{"id": at, "file_name": f"{at}.png", "width": SIDE_PX, "height": SIDE_PX} for at in range(20)]
    annotations = [{"id": at, "image_id": at, "category_id": at % 2} for at in range(20)]
    categories = [{"id": 0, "name": "red"}, {"id": 1, "name": "blue"}]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    (tmp_path / "train" / "all.json").write_text(json.dumps(coco))
    return Bench(tmp_path, tmp_path / "train" / "all.json")


@pytest.mark.slow
def test_a_stopped_training_goes_on_with_pictures_as_large_as_its_frozen_network_wants(bench: Bench) -> None:
    weights = Weights(location=a_local_place(bench.folder / "nets"), embedded=False)
    stopped = bench.run(1, stop_at="Training the hold-out model", weights=weights)
    assert stopped.reason is not conditions.Reason.SUCCEEDED
    (table,) = (bench.folder / "w1" / FEATURES_FOLDER).glob("*.npy")
    assert not np.isnan(np.load(table)).any(), "of every image, once"
    finished = bench.run(2, weights=weights)
    assert finished.reason is conditions.Reason.SUCCEEDED, finished.message
    model = json.loads((bench.folder / "model" / "model.json").read_text())
    assert model["preprocessing"]["image_size_px"] == 160
    assert model["network_size_px"] in (None, 96)
    assert (bench.folder / "model" / "model.onnx").exists(), "it agrees with torch"

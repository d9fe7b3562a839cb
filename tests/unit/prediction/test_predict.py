"""`darkroom predict` from a folder or an ONNX file alone, where neither torch nor storage is installed."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer import device
from darkroom_trainer.command import main
from darkroom_trainer.data.dataset import Example, LoadedDataset
from darkroom_trainer.data.decoded import decode_images
from darkroom_trainer.data.images import Pixels
from darkroom_trainer.data.resizing import decode_file
from darkroom_trainer.export import description, listing, onnx_parity
from darkroom_trainer.prediction.loading import open_predictor
from darkroom_trainer.prediction.predict import predict_files
from darkroom_trainer.prediction.predictor import build_predictor
from darkroom_trainer.reporting import SilentReporter
from darkroom_trainer.tasks.predictions import Prediction
from tests.unit.prediction.models import LABELS, a_description, a_model, some_pixels

ABSENT = ("torch", "torchvision", "timm", "safetensors", "onnx", "boto3", "botocore", "prometheus_client", "sklearn")
"""What the extra `predict` does not bring."""
BLOCK = f"""
import sys
for name in {ABSENT!r}:
    sys.modules[name] = None
from darkroom_trainer.command import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module", params=[Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER, Task.DETECTOR], ids=str)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a finished model's folder, with both forms of the model."""
    path = tmp_path_factory.mktemp("model")
    described = a_description(request.param)
    model = a_model(described)
    safetensors.torch.save_file(model.state_dict(), path / description.WEIGHTS_NAME)
    description.write_description(described, path)
    onnx_parity.export_checked(model, described, path, some_pixels(4))
    names = [description.DESCRIPTION_NAME, description.WEIGHTS_NAME, description.ONNX_NAME]
    (path / listing.LIST_NAME).write_text(listing.build_list(path, names))
    return path


def write_images(folder: pathlib.Path) -> list[pathlib.Path]:
    """Write pictures of every kind that needs care on its way to RGB, and return their paths."""
    draws = np.random.default_rng(3).integers(0, 256, (70, 200, 4), dtype=np.uint8)
    colors = Image.fromarray(draws[..., :3])
    exif = Image.Exif()
    exif[0x0112] = 6
    colors.save(folder / "turned.jpg", exif=exif)
    colors.convert("CMYK").save(folder / "print.jpg")
    Image.fromarray(draws).save(folder / "alpha.png")
    Image.fromarray(draws[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    colors.save(folder / "moving.gif", save_all=True, append_images=[colors.rotate(180)])
    return [folder / name for name in ("turned.jpg", "print.jpg", "alpha.png", "deep.png", "moving.gif")]


def run_without_torch(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `darkroom` in a process in which nothing but the extra `predict` can be imported."""
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", BLOCK, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_predict_needs_no_torch(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    images = write_images(tmp_path)
    picture = tmp_path / "drawn.png"
    names = [str(path) for path in images]
    for model in (folder, folder / description.ONNX_NAME):
        done = run_without_torch(["predict", str(model), *names, "--picture", str(picture), "--threads", "1"])
        assert (done.returncode, done.stderr) == (0, "")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line["image"] for line in lines] == names
        sizes = [(line["metadata"]["width"], line["metadata"]["height"]) for line in lines]
        assert sizes == [(70, 200), *[(200, 70)] * 4], "as seen upright"
        assert all(line["modelVersion"] == "abc123" for line in lines)
        assert Image.open(picture).width > 200


def test_weights_and_onnx_say_the_same(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    pixels = np.stack([decode_file(path, 32) for path in write_images(tmp_path)])
    by_onnx = open_predictor(folder, threads=1)
    cpu = device.Device(torch.device("cpu"), threads=1)
    by_weights = build_predictor(folder, description.read_description(folder), cpu)
    assert by_onnx.description == by_weights.description
    for first, second in zip(by_onnx.predict(pixels), by_weights.predict(pixels), strict=True):
        assert first.labels.tolist() == second.labels.tolist()
        assert np.allclose(first.scores, second.scores, atol=onnx_parity.TOLERANCE)
        assert np.allclose(first.boxes, second.boxes, atol=onnx_parity.TOLERANCE)


def copy_without(folder: pathlib.Path, target: pathlib.Path, left_out: str) -> pathlib.Path:
    """Return a finished model's folder like `folder`, published without one of its files."""
    names = [file.name for file in folder.iterdir() if file.name not in (left_out, listing.LIST_NAME)]
    target.mkdir()
    for name in names:
        (target / name).write_bytes((folder / name).read_bytes())
    (target / listing.LIST_NAME).write_text(listing.build_list(target, names))
    return target


def test_a_folder_without_onnx_answers_from_its_weights(
    folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = str(write_images(tmp_path)[1])
    older = copy_without(folder, tmp_path / "older", description.ONNX_NAME)
    assert main(["predict", str(older), image, "--threads", "1"]) == 0
    by_weights = json.loads(capsys.readouterr().out)
    assert main(["predict", str(folder), image]) == 0
    by_onnx = json.loads(capsys.readouterr().out)
    assert by_weights.keys() == by_onnx.keys()
    assert by_weights["customModelResult"].keys() == by_onnx["customModelResult"].keys()
    said = run_without_torch(["predict", str(older), image])
    assert said.returncode == 1
    assert "is not installed: pip install 'darkroom[trainer]'" in said.stderr


def test_a_changed_file_is_refused(
    folder: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = copy_without(folder, tmp_path / "changed", "nothing")
    onnx = changed / description.ONNX_NAME
    onnx.write_bytes(onnx.read_bytes()[:-1] + b"x")
    assert main(["predict", str(changed), str(write_images(tmp_path)[0])]) == 1
    captured = capsys.readouterr()
    assert "model.onnx is not the file that artifacts.json lists" in captured.err
    assert not captured.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "there is no file or folder", id="nothing there"),
        pytest.param(b"text", "is no ONNX model that onnxruntime can run", id="no ONNX file"),
    ],
)
def test_a_wrong_model_is_named(
    content: bytes | None, said: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "a.onnx").write_bytes(content)
    assert main(["predict", str(tmp_path / "a.onnx"), str(write_images(tmp_path)[0])]) == 1
    assert said in capsys.readouterr().err


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

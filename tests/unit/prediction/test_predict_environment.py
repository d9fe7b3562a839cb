"""The extra `predict` as a user installs it: an environment of its own, from the package index."""

import json
import pathlib
import subprocess
import sys

import pytest
from PIL import Image

from darkroom_api.v1alpha1.common import Task
from darkroom_predict import description
from darkroom_trainer.export import onnx_parity
from tests.unit.prediction.models import a_description, a_model, some_pixels

ROOT = pathlib.Path(__file__).parents[3]
INSTALL_SECONDS = 600


def run(*command: str | pathlib.Path) -> str:
    """Run a command and return what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.extended
@pytest.mark.timeout(INSTALL_SECONDS)
def test_the_extra_predict_is_all_that_predicting_needs(tmp_path: pathlib.Path) -> None:
    described = a_description(Task.DETECTOR)
    onnx_parity.export_checked(a_model(described), described, tmp_path, some_pixels(4))
    Image.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / "a.png")
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", f"{ROOT}[predict]")
    installed = {entry["name"].lower() for entry in json.loads(run(python, "-m", "pip", "list", "--format", "json"))}
    assert installed.isdisjoint({"torch", "torchvision", "timm", "onnx", "boto3"}), installed
    darkroom = tmp_path / "venv" / "bin" / "darkroom"
    answer = json.loads(run(darkroom, "predict", tmp_path / description.ONNX_NAME, tmp_path / "a.png"))
    assert answer["metadata"] == {"width": 60, "height": 40}
    assert "objectsResult" in answer["customModelResult"]

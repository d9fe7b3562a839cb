"""`darkroom predict` from a folder or an ONNX file alone, where neither torch nor storage is installed."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from PIL import Image

from darkroom_predict import description, listing
from darkroom_trainer.command import main
from tests.unit.prediction.pictures import write_images

ABSENT = ("torch", "torchvision", "timm", "safetensors", "onnx", "boto3", "botocore", "prometheus_client", "sklearn")
"""What the extra `predict` does not bring."""
BLOCK = f"""
import sys
for name in {ABSENT!r}:
    sys.modules[name] = None
from darkroom_trainer.command import main
sys.exit(main(sys.argv[1:]))
"""


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

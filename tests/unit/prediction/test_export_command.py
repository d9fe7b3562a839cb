"""`darkroom export`: the ONNX file of a model that was handed over without one."""

import pathlib

import pytest

from darkroom_predict import description, listing
from darkroom_trainer.command import main
from darkroom_trainer.export import onnx_parity
from tests.unit.prediction.pictures import write_images
from tests.unit.prediction.test_predict import copy_without


@pytest.fixture
def bare(folder: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    return copy_without(folder, tmp_path / "bare", description.ONNX_NAME)


def read_all(folder: pathlib.Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_model_without_onnx_gets_a_file_that_answers_as_it_did(
    bare: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, before = [str(path) for path in write_images(tmp_path)], read_all(bare)
    assert main(["export", str(bare), *images]) == 0
    assert "answers as the weights do; largest difference" in capsys.readouterr().out
    listed = listing.check_files(bare, sorted(listing.check_files(bare, []).files)).files
    assert set(listed) == {*before, description.ONNX_NAME} - {listing.LIST_NAME}
    assert {name: data for name, data in read_all(bare).items() if name in listed} == {
        **{name: data for name, data in before.items() if name in listed},
        description.ONNX_NAME: (bare / description.ONNX_NAME).read_bytes(),
    }
    assert main(["predict", str(bare / description.ONNX_NAME), *images]) == 0


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda folder: (folder / "model.json").write_text("{}"), "not the file that", id="a changed file"),
        pytest.param(lambda folder: (folder / "artifacts.json").unlink(), "holds no usable model", id="no model"),
    ],
)
def test_what_cannot_be_exported_is_said(
    bare: pathlib.Path, tmp_path: pathlib.Path, spoil: object, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(spoil)
    spoil(bare)
    assert main(["export", str(bare), str(write_images(tmp_path)[0])]) == 1
    assert says in capsys.readouterr().err
    assert not (bare / description.ONNX_NAME).exists()


def test_an_image_that_is_none_is_named(
    bare: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.jpg").write_text("no picture")
    assert main(["export", str(bare), str(tmp_path / "note.jpg")]) == 1
    assert "note.jpg" in capsys.readouterr().err


def test_a_file_that_answers_otherwise_leaves_the_folder_as_it_was(
    bare: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(onnx_parity, "TOLERANCE", -1.0)
    before = read_all(bare)
    assert main(["export", str(bare), str(write_images(tmp_path)[0])]) == 1
    assert "answers otherwise than the weights" in capsys.readouterr().err
    assert read_all(bare) == before

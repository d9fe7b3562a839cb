"""Which of a user's files answers: the ONNX file where there is one, else what opens weights."""

import pathlib
from typing import Any

import pytest

from darkroom_predict import listing
from darkroom_predict.description import ONNX_NAME, WEIGHTS_NAME, write_description
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.loading import open_predictor
from darkroom_predict.onnx_predictor import OnnxPredictor
from tests.unit.predict.onnx_files import DESCRIPTION, write_onnx


def write_folder(folder: pathlib.Path, *, onnx: bool) -> pathlib.Path:
    """Write a finished model's files with their list."""
    write_description(DESCRIPTION, folder)
    (folder / WEIGHTS_NAME).write_bytes(b"weights")
    if onnx:
        write_onnx(folder / ONNX_NAME)
    (folder / listing.LIST_NAME).write_text(listing.build_list(folder, [path.name for path in folder.iterdir()]))
    return folder


class Opened:
    """What opens weights, which notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[pathlib.Path, int | None]] = []

    def __call__(self, folder: pathlib.Path, threads: int | None) -> Any:
        """Note what is asked; answers nothing."""
        self.asked.append((folder, threads))
        return self


def test_a_folder_with_an_onnx_file_answers_by_it_and_its_weights_are_not_opened(tmp_path: pathlib.Path) -> None:
    weights = Opened()
    model = open_predictor(write_folder(tmp_path, onnx=True), 1, weights)
    assert (type(model), model.description, weights.asked) == (OnnxPredictor, DESCRIPTION, [])


def test_an_onnx_file_alone_is_enough(tmp_path: pathlib.Path) -> None:
    assert open_predictor(write_onnx(tmp_path / "any.onnx"), 1).description == DESCRIPTION


def test_a_folder_without_an_onnx_file_is_opened_by_whoever_can(tmp_path: pathlib.Path) -> None:
    weights = Opened()
    model: Any = open_predictor(write_folder(tmp_path, onnx=False), 3, weights)
    assert model is weights
    assert weights.asked == [(tmp_path, 3)]


def test_who_cannot_open_weights_is_told_to_export(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelUnusable, match=r"has no model\.onnx; write it with `darkroom export`"):
        open_predictor(write_folder(tmp_path, onnx=False))


def test_a_path_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelUnusable, match=r"there is no file or folder .*absent"):
        open_predictor(tmp_path / "absent")


@pytest.mark.parametrize(("name", "onnx"), [(ONNX_NAME, True), (WEIGHTS_NAME, False)], ids=["ONNX", "weights"])
def test_what_would_answer_is_checked_before_it_is_opened(name: str, onnx: bool, tmp_path: pathlib.Path) -> None:
    folder, weights = write_folder(tmp_path, onnx=onnx), Opened()
    (folder / name).write_bytes(b"other")
    with pytest.raises(ModelUnusable, match=f"{name} is not the file"):
        open_predictor(folder, 1, weights)
    assert weights.asked == []

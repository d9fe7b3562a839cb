"""The resources of a run on this machine, and the file that keeps them."""

import pathlib

import yaml

from darkroom_trainer.local.board import ARTIFACTS_NAME, RESOURCES_NAME, Board, set_aside
from darkroom_trainer.local.config import build_pictures
from tests.unit.trainer.run_builders import a_dataset, a_model, a_prediction, an_evaluation, parse, read_items


def a_board(folder: pathlib.Path) -> Board:
    documents = (a_prediction(), an_evaluation(), a_model("second"), a_model("first"), a_dataset())
    return Board([parse(folder, document) for document in documents], folder / "out")


def test_datasets_run_first_then_models_then_what_uses_them_each_as_they_were_written(tmp_path: pathlib.Path) -> None:
    shown = [entry.shown for entry in a_board(tmp_path).entries]
    assert shown == ["dataset/fruit", "model/second", "model/first", "evaluation/june", "prediction/new"]


def test_a_resource_is_found_by_kind_namespace_and_name(tmp_path: pathlib.Path) -> None:
    board = a_board(tmp_path)
    found = board.find("Model", "default", "first")
    assert found is not None
    assert found.manifest.key == ("Model", "default", "first")
    assert board.find("Model", "team", "first") is None
    assert board.find("Dataset", "default", "first") is None


def test_the_file_holds_every_resource_as_a_cluster_would_and_changes_with_it(tmp_path: pathlib.Path) -> None:
    board = a_board(tmp_path)
    (tmp_path / "out").mkdir()
    board.write()
    item = read_items(tmp_path / "out")["Model/first"]
    assert item["spec"] == a_model("first")["spec"]
    assert item["metadata"]["uid"] == board.entries[2].target.uid
    assert item["status"]["phase"] == "Queued"
    board.entries[2].status = board.entries[2].status.model_copy(update={"message": "Ünterwegs."})
    board.write()
    assert read_items(tmp_path / "out")["Model/first"]["status"]["message"] == "Ünterwegs."
    assert yaml.safe_load((tmp_path / "out" / RESOURCES_NAME).read_text())["kind"] == "List"


def test_what_an_earlier_run_left_is_moved_aside_and_nothing_else(tmp_path: pathlib.Path) -> None:
    assert set_aside(tmp_path) is None
    (tmp_path / "mine.txt").write_text("kept")
    (tmp_path / RESOURCES_NAME).write_text("first")
    (tmp_path / ARTIFACTS_NAME).mkdir()
    place = set_aside(tmp_path)
    assert place is not None
    assert sorted(path.name for path in place.iterdir()) == [ARTIFACTS_NAME, RESOURCES_NAME]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["earlier", "mine.txt"]


def test_every_resource_is_told_where_decoded_images_are_kept(tmp_path: pathlib.Path) -> None:
    board = Board([parse(tmp_path, a_model())], tmp_path / "out", picture_folder=tmp_path)
    assert [entry.target.pictures for entry in board.entries] == [build_pictures(tmp_path)]
    assert a_board(tmp_path).entries[0].target.pictures is None


def test_every_resource_is_told_where_weights_are(tmp_path: pathlib.Path) -> None:
    board = Board([parse(tmp_path, a_model())], tmp_path / "out", embedded_weights=False)
    assert [entry.target.weights.embedded for entry in board.entries] == [False]
    assert a_board(tmp_path).entries[0].target.weights.embedded is True

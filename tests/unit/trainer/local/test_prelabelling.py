"""`darkroom prelabel` from its arguments to files, exit codes and last words."""

import json
import pathlib

import pytest

from darkroom_api.run_config import StorageAccess
from darkroom_storage.local_files import to_path
from darkroom_storage.objects import Storage
from darkroom_trainer import command
from darkroom_trainer.local.prelabelling import PrelabelOptions, build_config
from tests.unit.trainer.prediction_runs import (
    BLUE,
    GREEN,
    RED,
    paint,
    read_prelabels,
    write_labels,
    write_model,
    write_pictures,
)

PICTURES = {"1.png": paint(RED), "2.png": paint(GREEN), "3.png": paint(BLUE)}


@pytest.fixture
def model(tmp_path: pathlib.Path) -> pathlib.Path:
    return to_path(write_model(tmp_path / "model").uri)


def test_a_folder_is_answered_but_for_what_a_file_labels(
    model: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path / "in", PICTURES)
    write_labels(tmp_path / "in", {"1.png": "red", "2.png": "green"})
    monkeypatch.chdir(tmp_path)
    places = ["--images", "in", "--labelled", "in/labelled.json", "--to", "in/../in/out", "--threshold", "0.5"]
    for _ in range(2):
        assert command.main(["prelabel", str(model), *places]) == 0
        assert [image["file_name"] for image in read_prelabels(tmp_path / "in" / "out")["images"]] == ["3.png"]
    out = capsys.readouterr().out
    assert "1 image of file://" in out
    assert "answered with 1 label, 2 labelled already" in out
    assert "files in in/../in/out; review them in prelabels.json" in out


def test_labels_may_lie_in_another_folder_than_the_images(model: pathlib.Path, tmp_path: pathlib.Path) -> None:
    place = write_pictures(tmp_path / "in", PICTURES)
    urls = {name: {"absolute_url": f"{place.uri}/{name}.png"} for name in ("1", "2")}
    write_labels(tmp_path / "labels", {"1.png": "red", "2.png": "green"}, **urls)
    arguments = ["--images", str(tmp_path / "in"), "--labelled", str(tmp_path / "labels" / "labelled.json")]
    assert command.main(["prelabel", str(model), *arguments, "--to", str(tmp_path / "out")]) == 0
    assert [image["file_name"] for image in read_prelabels(tmp_path / "out")["images"]] == ["3.png"]


def test_images_and_files_may_be_in_a_bucket(model: pathlib.Path, storage: Storage, access: StorageAccess) -> None:
    for name, data in PICTURES.items():
        storage.write_bytes(f"s3://vision/prelabel/{name}", data)
    assert access.endpoint is not None
    places = ["--images", "s3://vision/prelabel", "--to", "s3://vision/prelabelled", "--endpoint", access.endpoint]
    assert command.main(["prelabel", str(model), *places]) == 0
    found = json.loads(storage.read_bytes("s3://vision/prelabelled/prelabels.json"))
    assert {image["absolute_url"] for image in found["images"]} == {f"s3://vision/prelabel/{name}" for name in PICTURES}


def test_without_a_file_of_labels_nothing_is_known(model: pathlib.Path) -> None:
    config = build_config(PrelabelOptions(model, "s3://b/in", "s3://b/out"))
    assert config.dataset.annotation_files == ()
    assert config.output is not None
    assert (config.output.uri, config.dataset.local_roots) == ("s3://b/out", ())


WRONG = {
    "images of nowhere": ({"--images": "none"}, "darkroom: images: there is nothing below file:///"),
    "labels of nowhere": ({"--labelled": "none.json"}, "none.json does not exist"),
    "a folder that is no model": ({"model": "in"}, "model.json describes no model"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_with_exit_code_1(
    changes: dict[str, str],
    said: str,
    model: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_pictures(tmp_path / "in", PICTURES)
    monkeypatch.chdir(tmp_path)
    places = {"model": str(model), "--images": "in", "--to": "out", **changes}
    arguments = [part for name, place in places.items() for part in ((place,) if name == "model" else (name, place))]
    assert command.main(["prelabel", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


MISUSED = {
    "a threshold of everything": (["--threshold", "0"], "0 is not between 0 and 1"),
    "a threshold that is text": (["--threshold", "high"], "'high' is not a number"),
    "an address of the web": (
        ["--labelled", "https://web.test/a.json"],
        "is neither a path nor an s3:// or az:// address",
    ),
}


@pytest.mark.parametrize(("more", "said"), MISUSED.values(), ids=MISUSED.keys())
def test_wrong_arguments_are_told_with_exit_code_2(
    more: list[str], said: str, model: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(["prelabel", str(model), "--images", "in", "--to", "out", *more])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err

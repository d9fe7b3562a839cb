import json
import pathlib

import pytest

from darkroom_labels import command
from darkroom_trainer.command import main
from tests.unit.labels.documents import a_box, a_coco, a_task, an_annotation, own_data

BASE = a_coco([{"file_name": "01.png"}], [{"image_id": 1, "bbox": [10, 10, 20, 20]}])
EXPORT = [
    a_task("/data/02.png", an_annotation(a_box("pear", rotation=45)), data=own_data("02.png")),
    a_task("/data/03.png", an_annotation(), data=own_data("03.png"), number=2),
]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "labelled.json").write_text(json.dumps(BASE))
    (tmp_path / "export.json").write_text(json.dumps(EXPORT))
    return tmp_path


def run(folder: pathlib.Path, *reviewed: str, to: str = "train.json") -> int:
    files = [str(folder / name) for name in reviewed]
    return main(
        ["labels", "merge", "--base", str(folder / "labelled.json"), "--reviewed", *files, "--to", str(folder / to)]
    )


def test_a_merge_writes_one_file_and_tells_what_is_in_it(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "export.json") == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{folder}/train.json: 3 images, 2 labels, 2 tags",
        "1 images as in labelled.json, 2 as reviewed, 1 of these with nothing to be seen",
    ]
    assert said.err == "export.json: 1 turned boxes: the upright boxes around them are taken: task 1 (02.png)\n"
    assert [entry["file_name"] for entry in json.loads((folder / "train.json").read_bytes())["images"]] == [
        "01.png",
        "02.png",
        "03.png",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["export.json", "labelled.json", "train.json"]


def test_names_that_are_relative_to_another_folder_are_told_of(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "export.json", to="later/train.json") == 0
    assert f"relative to {folder}: set imageRoot" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.json: it is not JSON"),
        ("7", "neither a COCO file nor an export"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1}', "it is not a COCO file"),
        ('{"a": "\\ud800"}', "half of a character"),
        ('[{"label": "x"}]', "not JSON-MIN"),
        (
            '[{"data": {"image": "\\u001b[2J.png"}, "id": 1, "annotations": [{"result": []}]}]',
            "\N{REPLACEMENT CHARACTER}",
        ),
    ],
    ids=["empty", "a number", "deep", "another object", "half a character", "another export", "what a terminal obeys"],
)
def test_a_file_that_is_none_of_labels_is_refused_and_nothing_is_written(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (folder / "x.json").write_text(text)
    assert run(folder, "x.json") == 1
    assert said in capsys.readouterr().err
    assert not (folder / "train.json").exists()


def test_a_file_that_is_missing_or_would_be_overwritten_is_named(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "nowhere.json") == 1
    assert "nowhere.json: it cannot be read (No such file or directory)" in capsys.readouterr().err
    assert run(folder, "export.json", to="labelled.json") == 1
    assert "one of the files that are read" in capsys.readouterr().err


def test_files_that_are_too_much_together_are_refused_at_the_one_that_is_too_much(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    most = sum((folder / name).stat().st_size for name in ("labelled.json", "export.json"))
    monkeypatch.setattr(command, "MAX_BYTES", most)
    assert run(folder, "export.json") == 0
    (folder / "more.json").write_text("[]")
    assert run(folder, "export.json", "more.json") == 1
    said = f"more.json: the files up to here have {most + 2:,} bytes, at most {most:,} are read together"
    assert said in capsys.readouterr().err

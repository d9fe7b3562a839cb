"""Files of the folder that a server and its worker share: whole or not at all."""

import pathlib

import pytest

from darkroom_storage.state_folder import read_json, write_json


def test_what_is_written_is_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.json"
    assert read_json(path) is None
    for value in ({"ä": [1]}, {}):
        write_json(path, value)
        assert read_json(path) == value
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)
    with pytest.raises(TypeError):
        write_json(path, object())
    with pytest.raises(UnicodeEncodeError):
        write_json(path, "\ud800")
    assert read_json(path) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_json(tmp_path / "gone" / "a.json", 1)
    assert not (tmp_path / "gone").exists()

"""The list of a finished result's files: the same for the same files, and every difference named."""

import hashlib
import json
import pathlib

import pytest

from darkroom_predict import listing
from darkroom_predict.errors import ModelUnusable


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a folder with two files and their list."""
    (tmp_path / "b.txt").write_bytes(b"tea")
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / listing.LIST_NAME).write_text(listing.build_list(tmp_path, ["b.txt", "a.txt"]))
    return tmp_path


def test_a_list_holds_each_file_by_name_with_its_sum_and_size(folder: pathlib.Path) -> None:
    text = listing.build_list(folder, ["b.txt", "a.txt"])
    files = json.loads(text)["files"]
    assert list(files) == ["a.txt", "b.txt"]
    assert files["b.txt"] == {"sha256": hashlib.sha256(b"tea").hexdigest(), "size": 3}
    assert text == listing.build_list(folder, ["a.txt", "b.txt"]), "the order of the names is no matter"


def test_the_digest_is_that_of_the_lists_text(folder: pathlib.Path) -> None:
    text = (folder / listing.LIST_NAME).read_bytes()
    found = listing.check_files(folder, ["a.txt", "b.txt"])
    assert found.digest == f"sha256:{hashlib.sha256(text).hexdigest()}"
    assert found == listing.read_list(text)


def test_only_the_named_files_are_checked(folder: pathlib.Path) -> None:
    (folder / "a.txt").unlink()
    assert set(listing.check_files(folder, ["b.txt"]).files) == {"a.txt", "b.txt"}


BROKEN: dict[str, tuple[str, bytes | None, str]] = {
    "a changed file": ("b.txt", b"Tea", "b.txt is not the file that artifacts.json lists (its SHA-256 differs)"),
    "a missing file": ("b.txt", None, "b.txt: No such file or directory"),
    "no list": (listing.LIST_NAME, None, "artifacts.json: No such file or directory"),
    "a list that is no JSON": (listing.LIST_NAME, b"[", "Expecting value"),
    "a list of another form": (listing.LIST_NAME, b"[]", "holds no usable model"),
    "a list without files": (listing.LIST_NAME, b"{}", "no entry 'files'"),
    "a list without the file": (listing.LIST_NAME, b'{"files": {}}', "no entry 'b.txt'"),
}


@pytest.mark.parametrize(("name", "content", "words"), BROKEN.values(), ids=BROKEN)
def test_a_folder_is_refused_for(name: str, content: bytes | None, words: str, folder: pathlib.Path) -> None:
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(ModelUnusable) as refused:
        listing.check_files(folder, ["b.txt"])
    assert str(refused.value).startswith(f"model: {folder} holds no usable model: ")
    assert words in str(refused.value)

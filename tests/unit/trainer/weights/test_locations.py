"""Folders of weights: how files are listed, named and fetched there."""

import pathlib

import pytest

from darkroom_api.run_config import Location
from darkroom_storage.objects import Storage
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.weights import locations
from tests.local_storage import a_local_place
from tests.unit.trainer.weights.places import put

FILES = {"a.safetensors": b"a", "net/model.safetensors": b"net", "net/deeper/model.safetensors": b"deep"}
SHALLOW = frozenset({"a.safetensors", "net/model.safetensors"})


def test_a_folder_has_the_files_in_it_and_one_level_below_also_by_links(tmp_path: pathlib.Path) -> None:
    put(tmp_path / "nets", FILES)
    (tmp_path / "nets" / "linked").symlink_to(tmp_path / "nets" / "net")
    source = locations.FolderSource(tmp_path / "nets")
    assert source.list_files() == SHALLOW | {"linked/model.safetensors"}
    assert source.fetch("net/model.safetensors").read_bytes() == b"net"
    assert (source.read_text("a.safetensors", 10), source.shown) == ("a", str(tmp_path / "nets"))


def test_a_folder_that_is_not_there_is_empty(tmp_path: pathlib.Path) -> None:
    assert locations.FolderSource(tmp_path / "none").list_files() == frozenset()


def test_a_file_that_may_not_be_read_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError, match=r"weights: .*/gone may not be read; fix its permissions"):
        locations.FolderSource(tmp_path).fetch("gone")


def test_no_more_of_a_text_is_read_than_is_asked_for(tmp_path: pathlib.Path) -> None:
    put(tmp_path, {"SHA256SUMS": b"0123456789\xff"})
    assert locations.FolderSource(tmp_path).read_text("SHA256SUMS", 4) == "0123"


def test_a_bucket_has_the_same_files_listed_once_and_keeps_what_was_fetched(
    tmp_path: pathlib.Path, bucket: tuple[Location, Storage]
) -> None:
    location, storage = bucket
    for name, data in FILES.items():
        storage.write_bytes(f"{location.uri}/{name}", data)
    source = locations.open_location(location, tmp_path / "cache")
    assert source.list_files() == SHALLOW
    path = source.fetch("net/model.safetensors")
    assert (path, path.read_bytes()) == (tmp_path / "cache/net/model.safetensors", b"net")
    for name in FILES:
        storage.delete(f"{location.uri}/{name}")
    assert source.fetch("net/model.safetensors").read_bytes() == b"net"
    assert source.list_files() == SHALLOW
    with pytest.raises(RunError, match=r"weights: s3://.*this is trainer\.weights\.uri"):
        source.fetch("a.safetensors")


def test_a_file_address_is_read_in_place(tmp_path: pathlib.Path) -> None:
    put(tmp_path / "nets", FILES)
    source = locations.open_location(a_local_place(tmp_path / "nets"), tmp_path / "cache")
    assert source.fetch("a.safetensors") == tmp_path / "nets" / "a.safetensors"
    assert not (tmp_path / "cache").exists()

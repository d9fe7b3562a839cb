"""Files on this machine: their addresses, and what reading them costs."""

import pathlib
from collections import deque

import pytest

from darkroom_storage.errors import AddressForbidden
from darkroom_storage.local_files import iterate_files, to_path
from darkroom_storage.objects import open_storage
from tests.local_storage import LOCAL
from tests.support.memory import measure_peak_bytes


def test_a_small_file_needs_little_memory_whatever_the_limit(tmp_path: pathlib.Path) -> None:
    (tmp_path / "small").write_bytes(bytes(1000))
    opened = open_storage(LOCAL)
    opened.read_bytes((tmp_path / "small").as_uri())
    assert measure_peak_bytes(lambda: opened.read_bytes((tmp_path / "small").as_uri())) < 2**20


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        pytest.param("file:///a/b%20c", "/a/b c", id="three slashes"),
        pytest.param("file:/a/b", "/a/b", id="one slash"),
        pytest.param("file://localhost/a", "/a", id="this host by name"),
    ],
)
def test_file_uris_become_paths(uri: str, path: str) -> None:
    assert to_path(uri) == pathlib.Path(path)


def test_another_hosts_file_is_refused() -> None:
    with pytest.raises(AddressForbidden, match="'data' is read as a host; write file:FOLDER/NAME, or file:///"):
        to_path("file://data/train.json")


def test_a_prefix_is_the_beginning_of_paths_and_a_link_to_a_folder_is_not_entered(tmp_path: pathlib.Path) -> None:
    for name in ("in/1", "inner/2", "in.txt", "other/3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "other")
    found = [uri.removeprefix(f"{tmp_path.as_uri()}/") for uri, _ in iterate_files(f"{tmp_path.as_uri()}/in")]
    assert sorted(found) == ["in.txt", "in/1", "inner/2"]
    assert list(iterate_files(f"{tmp_path.as_uri()}/nowhere/")) == []


def test_a_large_folder_is_listed_as_it_is_read(tmp_path: pathlib.Path) -> None:
    for number in range(5_000):
        (tmp_path / f"{number}").touch()
    assert sum(1 for _ in iterate_files(f"{tmp_path.as_uri()}/")) == 5_000
    peak_bytes = measure_peak_bytes(lambda: deque(iterate_files(f"{tmp_path.as_uri()}/"), maxlen=0))
    assert peak_bytes < 1_000_000  # it was 3.2 MB


def test_what_is_no_file_is_not_listed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "deep" / "a b.png").write_bytes(b"1234")
    (tmp_path / "in" / "linked.png").symlink_to(tmp_path / "in" / "deep" / "a b.png")
    found = sorted(iterate_files(f"{(tmp_path / 'in').as_uri()}/"))
    assert [(uri.rpartition("/")[2], seen.st_size) for uri, seen in found] == [("a%20b.png", 4), ("linked.png", 4)]

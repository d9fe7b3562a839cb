"""Files on this machine: their addresses, and what reading them costs."""

import pathlib
import tracemalloc

import pytest

from darkroom_storage.errors import AddressForbidden
from darkroom_storage.local_files import to_path
from darkroom_storage.objects import open_storage
from tests.local_storage import LOCAL


def test_a_small_file_needs_little_memory_whatever_the_limit(tmp_path: pathlib.Path) -> None:
    (tmp_path / "small").write_bytes(bytes(1000))
    opened = open_storage(LOCAL)
    opened.read_bytes((tmp_path / "small").as_uri())
    tracemalloc.start()
    opened.read_bytes((tmp_path / "small").as_uri())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 2**20


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

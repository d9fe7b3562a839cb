"""What a storage that can only be read says to whoever writes, and what it makes of what it reads."""

import pathlib
from collections.abc import Callable

import pytest

from darkroom_storage.errors import StorageRefused
from darkroom_storage.stores.object_store import NO_LIMIT_BYTES, Fetched, ObjectInfo, ReadOnly

CALLS: dict[str, Callable[[ReadOnly, str], None]] = {
    "write": lambda store, uri: store.write_bytes(uri, b"1", if_absent=False, media_type=None),
    "upload": lambda store, uri: store.upload(pathlib.Path("a"), uri),
    "replace": lambda store, uri: store.replace(pathlib.Path("a"), uri, None),
    "delete": lambda store, uri: store.delete(uri),
}


class Shelf(ReadOnly):
    place = "shelf:"

    def read(self, uri: str, limit_bytes: int) -> Fetched:
        assert (uri, limit_bytes) == ("shelf:a", NO_LIMIT_BYTES)
        return Fetched(b"two", ObjectInfo(3, "tag"))


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_each_call_that_writes_is_refused_by_name(call: Callable[[ReadOnly, str], None]) -> None:
    with pytest.raises(StorageRefused, match="shelf:a was refused: shelf: can only be read"):
        call(Shelf(), "shelf:a")


def test_an_object_is_fetched_and_described_by_reading_it_whole(tmp_path: pathlib.Path) -> None:
    assert Shelf().fetch("shelf:a", tmp_path / "a") == Shelf().stat("shelf:a") == ObjectInfo(3, "tag")
    assert (tmp_path / "a").read_bytes() == b"two"

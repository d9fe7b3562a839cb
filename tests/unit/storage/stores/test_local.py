"""Local files through the calls that every storage answers."""

import pathlib

from darkroom_storage.local_files import to_uri
from darkroom_storage.stores.local import LocalStore


def test_what_is_fetched_is_what_was_written_with_its_md5(tmp_path: pathlib.Path) -> None:
    store, uri = LocalStore(), to_uri(tmp_path / "a b" / "1.txt")
    store.write_bytes(uri, b"one", if_absent=True, media_type="text/plain")
    fetched = store.fetch(uri, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"one"
    assert fetched == store.stat(uri) == store.read(uri, 3).info
    assert fetched.etag == "f97c5d29941bfb1b2fdab0874906ab82"
    assert [(found.uri, found.size) for found in store.iterate_objects(to_uri(tmp_path / "a b"), 0.0)] == [(uri, 3)]
    store.delete(uri)
    assert list(store.iterate_objects(to_uri(tmp_path / "a b"), 0.0)) == []

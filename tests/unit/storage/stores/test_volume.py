"""A mounted claim through the calls that every storage answers."""

import pathlib
from collections.abc import Callable

import pytest

from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import StorageRefused
from darkroom_storage.objects import Storage

URI = "volume:pictures/1.png"


@pytest.fixture
def claim(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return the root of a claim with one picture."""
    (tmp_path / "claim" / "pictures").mkdir(parents=True)
    (tmp_path / "claim" / "pictures" / "1.png").write_bytes(b"one")
    return tmp_path / "claim"


@pytest.fixture
def volume(claim: pathlib.Path) -> Storage:
    return Storage(StorageAccess(volume_claim="photos", volume_dir=str(claim)), {})


def test_what_is_read_listed_and_fetched_is_the_same_with_the_md5_as_etag(
    volume: Storage, tmp_path: pathlib.Path
) -> None:
    fetched = volume.fetch(URI, tmp_path / "work" / "copy")
    assert (tmp_path / "work" / "copy").read_bytes() == b"one"
    assert fetched == volume.stat(URI) == volume.read(URI).info
    assert fetched.etag == volume.find_etag(URI) == "f97c5d29941bfb1b2fdab0874906ab82"
    (listed,) = volume.iterate_objects("volume:")
    assert (listed.uri, listed.size) == (URI, volume.find_size(URI)) == (URI, fetched.size)
    assert volume.find_etag("volume:pictures/2.png") is None


def test_nothing_is_written_to_a_claim(claim: pathlib.Path, volume: Storage) -> None:
    path = claim / "pictures" / "1.png"
    writes: tuple[Callable[[], None], ...] = (
        lambda: volume.write_bytes("volume:new", b"1"),
        lambda: volume.upload(path, "volume:new"),
        lambda: volume.replace(path, "volume:new", None),
        lambda: volume.delete(URI),
    )
    for write in writes:
        with pytest.raises(StorageRefused, match="volume: can only be read"):
            write()
    assert [found.name for found in claim.iterdir()] == ["pictures"]
    assert path.read_bytes() == b"one"

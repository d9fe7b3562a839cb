"""Entries in a bucket (moto): written once, read whole or not at all."""

import pathlib
import threading
import uuid
from collections.abc import Callable

import numpy as np
import pytest

from darkroom_predict.images import Pixels
from darkroom_storage.errors import ObjectMissing
from darkroom_storage.objects import Storage
from darkroom_trainer.data.picture_cache import bucket, entries, packing

ENTRY = entries.PictureEntry("fruit-1", "sha256:r1", 64)
IMAGES = 14
SHAPE = (IMAGES, ENTRY.size_px)
RECORDS = np.ones(IMAGES, packing.RECORD).tobytes()


@pytest.fixture(autouse=True)
def five_images_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "SHARD_BYTES", 64 << 10)


@pytest.fixture
def root() -> str:
    """Return a folder that nothing is in."""
    return f"s3://vision/pictures-{uuid.uuid4().hex}"


@pytest.fixture
def cached(storage: Storage, root: str) -> bucket.PictureBucket:
    return bucket.PictureBucket(storage, root, 100 << 20)


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (IMAGES, 64, 64, 3), dtype=np.uint8)


def write(cached: bucket.PictureBucket, pixels: Pixels) -> bool:
    """Write the entry to its end."""
    return cached.write(ENTRY, RECORDS, pixels, lambda: True)


def test_what_is_written_is_read(cached: bucket.PictureBucket, pixels: Pixels, tmp_path: pathlib.Path) -> None:
    assert cached.list_entries(ENTRY.dataset) == []
    assert write(cached, pixels)
    assert cached.list_entries(ENTRY.dataset) == [ENTRY.folder]
    assert cached.read_pixels(ENTRY.folder, SHAPE, tmp_path / "pixels.npy", threading.Event())
    np.testing.assert_array_equal(np.load(tmp_path / "pixels.npy"), pixels)
    assert cached.read_records(ENTRY.folder, IMAGES) == packing.unpack_images(RECORDS)


def test_nothing_counts_before_the_manifest_and_another_run_goes_on(
    cached: bucket.PictureBucket, storage: Storage, root: str, pixels: Pixels
) -> None:
    turns = iter([True, True, False])
    assert not cached.write(ENTRY, RECORDS, pixels, lambda: next(turns))
    left = [(one.uri, one.modified_at) for one in storage.iterate_objects(f"{root}/")]
    assert len(left) == 2
    assert cached.list_entries(ENTRY.dataset) == []
    assert write(cached, pixels)
    listed = [(one.uri, one.modified_at) for one in storage.iterate_objects(f"{root}/")]
    assert set(left) < set(listed), "written once"
    assert len(listed) == 5


def test_writers_that_take_turns_leave_one_whole_entry(
    cached: bucket.PictureBucket, storage: Storage, root: str, pixels: Pixels, tmp_path: pathlib.Path
) -> None:
    second, third = (bucket.PictureBucket(storage, root, 100 << 20) for _ in range(2))

    def let_another_work() -> bool:
        return second.write(ENTRY, RECORDS, pixels, lambda: write(third, pixels))

    assert cached.write(ENTRY, RECORDS, pixels, let_another_work)
    assert cached.read_pixels(ENTRY.folder, SHAPE, tmp_path / "pixels.npy", threading.Event())
    np.testing.assert_array_equal(np.load(tmp_path / "pixels.npy"), pixels)
    assert len(storage.list_uris(f"{root}/")) == 5


DAMAGES = {
    "changed": lambda data: b"\0" + data[1:],
    "longer": lambda data: data + b"}",
    "shorter": lambda data: data[:-1],
    "gone": lambda _data: None,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("name", ["00001-", "records-"])
def test_an_entry_is_not_used_of_which_a_part_is(
    cached: bucket.PictureBucket, storage: Storage, root: str, pixels: Pixels, tmp_path: pathlib.Path, name: str,
    damage: Callable[[bytes], bytes | None],
) -> None:  # fmt: skip
    write(cached, pixels)
    (uri,) = (uri for uri in storage.list_uris(f"{root}/") if uri.rpartition("/")[2].startswith(name))
    spoiled = damage(storage.read_bytes(uri))
    if spoiled is None:
        storage.delete(uri)
    else:
        storage.write_bytes(uri, spoiled)

    whole = cached.read_records(ENTRY.folder, IMAGES) is not None
    assert not (whole and cached.read_pixels(ENTRY.folder, SHAPE, tmp_path / "pixels.npy", threading.Event()))
    assert storage.list_uris(f"{root}/") == []
    assert write(cached, pixels)
    assert cached.read_pixels(ENTRY.folder, SHAPE, tmp_path / "pixels.npy", threading.Event())
    np.testing.assert_array_equal(np.load(tmp_path / "pixels.npy"), pixels)


def test_an_entry_with_a_damaged_manifest_is_not_used(
    cached: bucket.PictureBucket, storage: Storage, root: str, pixels: Pixels, tmp_path: pathlib.Path
) -> None:
    write(cached, pixels)
    storage.write_bytes(f"{root}/{ENTRY.folder}/manifest.json", b"{}")
    assert not cached.read_pixels(ENTRY.folder, SHAPE, tmp_path / "pixels.npy", threading.Event())
    assert storage.list_uris(f"{root}/") == []


def test_an_entry_that_another_run_deletes_meanwhile_is_missing(
    cached: bucket.PictureBucket, storage: Storage, root: str, pixels: Pixels
) -> None:
    cached.write(ENTRY, RECORDS, pixels, iter([True, True, False]).__next__)
    with pytest.raises(ObjectMissing):
        cached.read_records(ENTRY.folder, IMAGES)
    assert len(storage.list_uris(f"{root}/")) == 2, "what another run may be writing stays"


def test_an_entry_of_other_images_is_not_used(
    cached: bucket.PictureBucket, pixels: Pixels, tmp_path: pathlib.Path
) -> None:
    write(cached, pixels)
    assert not cached.read_pixels(ENTRY.folder, (IMAGES + 1, 64), tmp_path / "pixels.npy", threading.Event())


def test_room_is_made_of_what_another_revision_left(
    cached: bucket.PictureBucket, storage: Storage, root: str, pixels: Pixels
) -> None:
    write(cached, pixels)
    later = entries.PictureEntry(ENTRY.dataset, "sha256:r2", 64)
    assert cached.make_room(later, 1)
    assert storage.list_uris(f"{root}/") == []
    assert not cached.make_room(later, (100 << 20) + 1)

"""Decoded images that are read before it is known whether they are needed."""

import logging
import pathlib
import threading
import uuid

import numpy as np
import pytest

from darkroom_api.run_config import DatasetSource, StorageAccess
from darkroom_storage.objects import Storage
from darkroom_trainer.data.picture_cache import bucket, entries, packing, reading_ahead
from tests.support.coco_builders import a_source

SHAPE = (3, 32)
PIXELS = np.random.default_rng(0).integers(0, 256, (*SHAPE, 32, 3), dtype=np.uint8)
RECORDS = np.ones(len(PIXELS), packing.RECORD).tobytes()


class World:
    """A dataset, and what earlier attempts left of it in a bucket."""

    def __init__(self, storage: Storage, access: StorageAccess, work: pathlib.Path) -> None:
        self.storage, self.root, self.work = storage, f"s3://vision/{uuid.uuid4().hex}", work
        self.source: DatasetSource = a_source(f"{self.root}/train.json", storage=access)
        self.cached = bucket.PictureBucket(storage, self.root, 1 << 20)
        self.stop = threading.Event()

    def write(self, revision: str) -> str:
        """Leave an entry; returns its folder."""
        entry = entries.PictureEntry(entries.name_dataset(self.source), revision, SHAPE[1])
        assert self.cached.write(entry, RECORDS, PIXELS, lambda: True)
        return entry.folder

    def take(self, folder: str, shape: tuple[int, int] = SHAPE) -> bool:
        """Return whether the images of an entry were read, which they are once, of a dataset that is named twice."""
        ahead = reading_ahead.ReadAhead(self.cached, [self.source, self.source], self.work / "ahead", self.stop)
        is_read = ahead.take(folder, shape, self.work / "pixels.npy")
        assert not ahead.take(folder, shape, self.work / "pixels.npy")
        return is_read


@pytest.fixture
def world(storage: Storage, access: StorageAccess, tmp_path: pathlib.Path) -> World:
    return World(storage, access, tmp_path)


def test_the_only_entry_of_a_dataset_is_read(world: World) -> None:
    assert world.take(world.write("r1"))
    np.testing.assert_array_equal(np.load(world.work / "pixels.npy"), PIXELS)
    assert list((world.work / "ahead").iterdir()) == []


def test_none_of_several_entries_is_read(world: World) -> None:
    folders = [world.write(revision) for revision in ("r1", "r2")]
    assert not any(world.take(folder) for folder in folders)


def test_images_of_another_revision_or_shape_are_not_taken(world: World) -> None:
    folder = world.write("r1")
    assert not world.take(f"{folder}0")
    assert not world.take(folder, (SHAPE[0] + 1, SHAPE[1]))
    assert not (world.work / "pixels.npy").exists()


def test_nothing_is_left_of_what_is_stopped(world: World) -> None:
    world.stop.set()
    assert not world.take(world.write("r1"))
    assert list((world.work / "ahead").iterdir()) == []


def test_a_damaged_entry_goes_and_a_bucket_that_refuses_is_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    folder = world.write("r1")
    world.storage.write_bytes(
        f"{world.root}/{folder}/{entries.name_shard(0, entries.compute_digest(PIXELS.tobytes()))}", b""
    )
    with caplog.at_level(logging.WARNING):
        assert not world.take(folder)
        assert world.storage.list_uris(f"{world.root}/") == []
        world.cached = bucket.PictureBucket(world.storage, "s3://elsewhere/pictures", 1 << 20)
        assert not world.take(folder)
    assert "is not used, and goes" in caplog.text
    assert "decoded images are not read ahead" in caplog.text

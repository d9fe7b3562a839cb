"""Images of a bucket (moto) that a run before has prepared: read once, the same to the last bit, or prepared anew."""

import json
import logging
import pathlib
import threading
import uuid
from collections.abc import Callable

import numpy as np
import pytest

from darkroom_api.run_config import DatasetSource, PictureFolder, StorageAccess
from darkroom_predict.images import Pixels
from darkroom_storage import objects
from darkroom_storage.objects import Storage
from darkroom_trainer.data import loading
from darkroom_trainer.data.decoded import decode_images
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.support.coco_builders import a_coco, a_scene, a_source, an_annotation, an_image
from tests.support.learning import StepClock

SIDE_PX = 64
IMAGES = 12


class World:
    """A dataset in a bucket, and runs that read it, each with a work folder of its own."""

    def __init__(self, storage: Storage, access: StorageAccess, folder: pathlib.Path) -> None:
        self.storage = storage
        self.root = f"s3://vision/{uuid.uuid4().hex}"
        self.source: DatasetSource = a_source(f"{self.root}/data/train.json", storage=access)
        self.pictures: PictureFolder | None = PictureFolder(
            uri=f"{self.root}/pictures", storage=access, most_bytes=1 << 20
        )
        self._folder = folder
        self._runs = 0
        numbers = range(1, IMAGES + 1)
        coco = a_coco(
            images=[an_image(number, width=0, height=0) for number in numbers],
            annotations=[an_annotation(number, image_id=number, category_id=1 + number % 2) for number in numbers],
        )
        storage.write_bytes(f"{self.root}/data/train.json", json.dumps(coco).encode())
        for number in numbers:
            self.write_image(number, a_scene(number, 80 + number, 60))

    def write_image(self, number: int, data: bytes) -> None:
        """Put an image into the bucket."""
        self.storage.write_bytes(f"{self.root}/data/images/{number}.png", data)

    def open_cache(self, *, seconds: float = 60.0, stopped: bool = False) -> tuple[PictureCache, pathlib.Path]:
        """Return the cache and the work folder of a further run that took so long to prepare images."""
        self._runs += 1
        clock, stop, work = StepClock(), threading.Event(), self._folder / f"work{self._runs}"
        cache = PictureCache(self.pictures, work, stop, clock)
        with cache.watch():
            clock.now += seconds
        if stopped:
            stop.set()
        return cache, work

    def prepare(
        self, size_px: int = SIDE_PX, *, seconds: float = 60.0, stopped: bool = False
    ) -> tuple[LoadedDataset, Pixels]:
        """Return what a run learns from: as a training loads, restores, decodes and keeps it."""
        cache, work = self.open_cache(seconds=seconds, stopped=stopped)
        loaded = loading.load_dataset(self.source, work, SilentReporter(), cache.recall(self.source))
        cache.restore(self.source, loaded, size_px)
        pixels = decode_images(loaded, size_px, work, SilentReporter())
        cache.keep([(self.source, loaded)], size_px)
        if cache.writer is not None:
            cache.writer.join()
        return loaded, pixels

    def list_kept(self) -> list[str]:
        """Return the objects of the cache."""
        return self.storage.list_uris(f"{self.root}/pictures/")


@pytest.fixture
def world(storage: Storage, access: StorageAccess, tmp_path: pathlib.Path) -> World:
    return World(storage, access, tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the images whose bytes were read."""
    found: list[str] = []
    read, fetch = Storage.read, Storage.fetch

    def note(uri: str) -> None:
        if uri.endswith(".png"):
            found.append(uri.rpartition("/")[2])

    def noted_read(self: Storage, uri: str, limit_bytes: int = objects.NO_LIMIT_BYTES) -> objects.Fetched:
        note(uri)
        return read(self, uri, limit_bytes)

    def noted_fetch(self: Storage, uri: str, path: pathlib.Path) -> objects.ObjectInfo:
        note(uri)
        return fetch(self, uri, path)

    monkeypatch.setattr(Storage, "read", noted_read)
    monkeypatch.setattr(Storage, "fetch", noted_fetch)
    return found


def describe(loaded: LoadedDataset) -> list[object]:
    """Return all that a training takes of a dataset but where its files are."""
    images = [
        (one.image_id, one.file, one.width, one.height, one.labels, one.boxes.tolist()) for one in loaded.examples
    ]
    return [loaded.name, loaded.revision, loaded.labels, images, loaded.looks, loaded.advice]


def test_a_second_run_reads_no_image_and_learns_from_the_same(world: World, reads: list[str]) -> None:
    first, pixels = world.prepare()
    assert len(reads) == IMAGES
    reads.clear()
    second, again = world.prepare()
    assert reads == []
    assert describe(second) == describe(first)
    np.testing.assert_array_equal(again, pixels)
    assert len(world.list_kept()) == 3, "one part, the records and the manifest, written once"


def test_without_a_cache_nothing_is_kept(world: World, reads: list[str]) -> None:
    kept, pixels = world.prepare()
    world.pictures = None
    reads.clear()
    loaded, decoded = world.prepare()
    assert len(reads) == IMAGES
    assert describe(loaded) == describe(kept)
    np.testing.assert_array_equal(decoded, pixels)


@pytest.mark.parametrize(
    ("seconds", "stopped"),
    [pytest.param(1.0, False, id="preparing takes no time"), pytest.param(60.0, True, id="the run is stopped")],
)
def test_nothing_counts_as_kept_where(world: World, seconds: float, *, stopped: bool) -> None:
    world.prepare(seconds=seconds, stopped=stopped)
    assert not any(uri.endswith("manifest.json") for uri in world.list_kept())


def test_another_size_is_decoded_from_images_that_are_fetched_then(world: World, reads: list[str]) -> None:
    world.prepare()
    reads.clear()
    loaded, pixels = world.prepare(size_px=32)
    assert len(reads) == IMAGES, "once"
    world.pictures = None
    _, expected = world.prepare(size_px=32)
    np.testing.assert_array_equal(pixels, expected)
    assert all(example.path.exists() for example in loaded.examples)


def test_a_changed_image_makes_another_revision_and_its_predecessor_goes(world: World, reads: list[str]) -> None:
    first, _ = world.prepare()
    kept = world.list_kept()
    world.write_image(3, a_scene(99, 90, 60))
    reads.clear()
    second, _ = world.prepare()
    assert len(reads) == IMAGES
    assert second.revision != first.revision
    assert second.looks[2] != first.looks[2]
    assert not set(kept) & set(world.list_kept())
    reads.clear()
    world.prepare()
    assert reads == []


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "other bytes": lambda data: bytes(len(data)),
    "half of it": lambda data: data[: len(data) // 2],
    "nothing": lambda _data: b"",
}


@pytest.mark.parametrize("spoil", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("name", ["00000-", "records-", "manifest.json"])
def test_a_damaged_entry_is_prepared_anew_said_and_written_again(
    world: World, name: str, spoil: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    first, pixels = world.prepare()
    kept = world.list_kept()
    (uri,) = (uri for uri in kept if name in uri)
    world.storage.write_bytes(uri, spoil(world.storage.read_bytes(uri)))
    with caplog.at_level(logging.WARNING):
        second, again = world.prepare()
    assert "in the cache of images is not used, and goes" in caplog.text
    assert describe(second) == describe(first)
    np.testing.assert_array_equal(again, pixels)
    assert world.list_kept() == kept
    caplog.clear()
    world.prepare()
    assert "is not used" not in caplog.text


def test_a_bucket_that_refuses_costs_the_cache_and_not_the_run(world: World, caplog: pytest.LogCaptureFixture) -> None:
    assert world.pictures is not None
    world.pictures = world.pictures.model_copy(update={"uri": "s3://elsewhere/pictures"})
    with caplog.at_level(logging.WARNING):
        loaded, pixels = world.prepare()
    assert len(loaded.examples) == len(pixels) == IMAGES
    assert caplog.text.count("the cache of images is not used") == 2
    assert "the decoded images of dataset fruit are not kept" in caplog.text


def test_what_is_larger_than_the_cache_may_be_is_not_kept(world: World, caplog: pytest.LogCaptureFixture) -> None:
    assert world.pictures is not None
    world.pictures = world.pictures.model_copy(update={"most_bytes": IMAGES * SIDE_PX**2 * 3})
    with caplog.at_level(logging.INFO):
        world.prepare()
    assert "are larger than the cache may be" in caplog.text
    assert world.list_kept() == []


def test_a_run_that_closes_its_cache_writes_no_further_part(world: World) -> None:
    cache, work = world.open_cache()
    loaded = loading.load_dataset(world.source, work, SilentReporter())
    decode_images(loaded, SIDE_PX, work, SilentReporter())
    cache.close()
    cache.keep([(world.source, loaded)], SIDE_PX)
    assert cache.writer is not None
    cache.writer.join()
    assert world.list_kept() == []

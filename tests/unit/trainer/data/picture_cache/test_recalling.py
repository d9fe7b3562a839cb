"""How an entry is found by what listings tell: it is of exactly these images, in this version, or not used."""

import json
import pathlib
import uuid

import numpy as np
import pytest

from darkroom_storage.objects import Storage
from darkroom_trainer.data.inspection.revision import compute_revision
from darkroom_trainer.data.picture_cache import bucket, entries, packing, recalling
from darkroom_trainer.data.records.catalog import Catalog, CatalogImage
from darkroom_trainer.data.records.dataset import no_boxes
from tests.support.coco_builders import a_source

HASHES = [b"annotations"]
SIDE_PX = 8


class World:
    """Two images in a bucket, and a cache beside them."""

    def __init__(self, storage: Storage) -> None:
        self.storage, self.root = storage, f"s3://vision/{uuid.uuid4().hex}"
        self.cached = bucket.PictureBucket(storage, f"{self.root}/pictures", 1 << 20)
        self.source = a_source(f"{self.root}/train.json")
        self.uris = [f"{self.root}/images/{number}.png" for number in range(2)]
        for uri in self.uris:
            storage.write_bytes(uri, uri.encode())

    def recall(self, hashes: list[bytes] | None = None) -> list[str] | None:
        """Return the addresses at which a run finds the images without reading them."""
        images = tuple(CatalogImage("image", 1, "a.json", uri, None, (), no_boxes()) for uri in self.uris)
        find = recalling.build_recall(self.cached, self.source, pathlib.Path("work"))
        found = find(self.storage, Catalog((), images, (), 0), hashes or HASHES)
        return None if found is None else [check.uri for check in found]

    def leave(self, images: int) -> entries.PictureEntry:
        """Leave an entry of so many images in the version that is in the bucket now."""
        located = [(uri, self.storage.stat(uri)) for uri in self.uris]
        hashed = compute_revision(HASHES, located)
        entry = entries.PictureEntry(entries.name_dataset(self.source), hashed, SIDE_PX)
        records = np.ones(images, packing.RECORD).tobytes()
        self.cached.write(entry, records, np.zeros((images, SIDE_PX, SIDE_PX, 3), np.uint8), lambda: True)
        return entry


@pytest.fixture
def world(storage: Storage) -> World:
    return World(storage)


def test_images_are_found_where_a_run_left_them(world: World) -> None:
    assert world.recall() is None
    world.leave(2)
    assert world.recall() == world.uris


def test_an_entry_of_other_annotation_files_is_not_used(world: World) -> None:
    world.leave(2)
    assert world.recall([b"others"]) is None


def test_an_entry_of_an_image_that_changed_is_not_used(world: World) -> None:
    world.leave(2)
    world.storage.write_bytes(world.uris[0], b"changed")
    assert world.recall() is None


@pytest.mark.parametrize("images", [1, 3], ids=["fewer", "more"])
def test_an_entry_of_another_number_of_images_goes(world: World, images: int) -> None:
    world.leave(images)
    assert world.recall() is None
    assert world.storage.list_uris(f"{world.root}/pictures/") == []


def test_a_manifest_that_asks_for_all_memory_goes(world: World) -> None:
    entry = world.leave(2)
    uri = f"{world.root}/pictures/{entry.folder}/manifest.json"
    manifest = json.loads(world.storage.read_bytes(uri))
    world.storage.write_bytes(uri, json.dumps({**manifest, "images": 1 << 40}).encode())
    assert world.recall() is None
    assert world.storage.list_uris(f"{world.root}/pictures/") == []

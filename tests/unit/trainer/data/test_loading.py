"""Datasets from annotation file to local images, on folders and on a bucket, and through an outage."""

import json
import pathlib
import threading

import numpy as np
import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.dataset import UrlMapping
from darkroom_storage.errors import StorageUnreachable
from darkroom_storage.objects import Fetched, Storage
from darkroom_trainer.data.inspection.fetching import check_images
from darkroom_trainer.data.loading import load_catalog
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.local_storage import LOCAL
from tests.support.coco_builders import MISSING, a_coco, a_picture, a_source, an_image, read_catalog, write_dataset
from tests.support.run_support import load


def test_a_folder_is_loaded_where_it_lies(tmp_path: pathlib.Path) -> None:
    loaded = load(a_source(write_dataset(tmp_path / "data")), tmp_path / "work")
    assert loaded.labels == ("apple", "pear")
    first, second = loaded.examples
    assert (first.image_id, first.file, first.path) == (1, "images/1.png", tmp_path / "data" / "images" / "1.png")
    assert (first.width, first.height, first.labels, second.labels) == (100, 50, (0,), (1,))
    np.testing.assert_allclose(first.boxes, [[0.1, 0.2, 0.3, 0.4]], atol=1e-6)


def test_a_bucket_is_loaded_into_the_work_folder(
    storage: Storage, access: StorageAccess, tmp_path: pathlib.Path
) -> None:
    coco = a_coco(
        images=[an_image(1, coco_url="AmlDatastore://store/moved/1.png"), an_image(2, file_name="images/ü 2.png")]
    )
    storage.write_bytes("s3://vision/load/train.json", json.dumps(coco).encode())
    storage.write_bytes("s3://vision/moved/1.png", a_picture(40, 40))
    storage.write_bytes("s3://vision/load/images/ü 2.png", a_picture(60, 60))
    mapping = UrlMapping(from_prefix="AmlDatastore://store/", to_prefix="s3://vision/")
    loaded = load(a_source("s3://vision/load/train.json", storage=access, url_mappings=(mapping,)), tmp_path)
    assert [(example.width, example.path.parent.parent) for example in loaded.examples] == [
        (40, tmp_path / "images"),
        (60, tmp_path / "images"),
    ]


class BrokenStorage(Storage):
    """A bucket that goes away after the first image."""

    def __init__(self) -> None:
        super().__init__(LOCAL, {})
        self.reads = 0
        self.lock = threading.Lock()

    def read(self, uri: str, limit_bytes: int = 0) -> Fetched:
        with self.lock:
            self.reads += 1
        raise StorageUnreachable(uri, f"limit {limit_bytes}")


def test_an_outage_ends_the_pool_instead_of_every_image_in_turn() -> None:
    images = [an_image(number) for number in range(1, 2001)]
    catalog, _ = read_catalog(a_coco(images=images))
    storage = BrokenStorage()
    with pytest.raises(StorageUnreachable):
        list(check_images(catalog.images, storage, None, patience_seconds=0))
    assert storage.reads < 200


def test_what_the_files_say_is_read_without_an_image(tmp_path: pathlib.Path) -> None:
    uri = write_dataset(tmp_path / "data", a_coco(), {"images/1.png": MISSING, "images/2.png": b"text"})
    catalog = load_catalog(a_source(uri), SilentReporter())
    assert [(image.file, image.labels) for image in catalog.images] == [("images/1.png", (0,)), ("images/2.png", (1,))]


def test_files_with_a_problem_are_refused_without_an_image(tmp_path: pathlib.Path) -> None:
    uri = write_dataset(tmp_path / "data", a_coco(annotations=[]))
    with pytest.raises(RunError, match=r"^dataset fruit: dataset fruit: has no annotation at all$") as caught:
        load_catalog(a_source(uri), SilentReporter())
    assert (caught.value.reason, caught.value.summary is not None) == (Reason.DATASET_CORRUPT, True)

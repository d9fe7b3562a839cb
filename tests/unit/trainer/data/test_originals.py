"""Files of images whose pictures came from the cache: fetched when they are asked for, if they are the same still."""

import dataclasses
import pathlib

import pytest

from darkroom_predict.images import ImageProblem
from darkroom_storage.errors import ObjectMissing
from darkroom_storage.objects import Storage
from darkroom_trainer.data import originals
from darkroom_trainer.data.records.dataset import Example, Original, no_boxes

URI = "s3://vision/originals/1.png"


@pytest.fixture
def example(storage: Storage, tmp_path: pathlib.Path) -> Example:
    """Return an image of a bucket that was not fetched."""
    storage.write_bytes(URI, b"first")
    original = Original(storage, URI, storage.stat(URI))
    return Example(1, "1.png", tmp_path / "images" / "1", 9, 9, (0,), no_boxes(), original=original)


def test_a_file_is_fetched_once(example: Example, storage: Storage) -> None:
    assert originals.read_bytes(example) == b"first"
    storage.delete(URI)
    assert originals.find_file(example).read_bytes() == b"first"


def test_a_file_that_changed_is_not_used(example: Example, storage: Storage) -> None:
    storage.write_bytes(URI, b"second")
    for _ in range(2):
        with pytest.raises(ImageProblem, match="is another file by now"):
            originals.find_file(example)


def test_a_file_that_is_gone_is_named(example: Example, storage: Storage) -> None:
    storage.delete(URI)
    with pytest.raises(ObjectMissing, match=r"originals/1\.png"):
        originals.find_file(example)


def test_a_local_file_is_where_it_is(example: Example, tmp_path: pathlib.Path) -> None:
    local = dataclasses.replace(example, path=tmp_path / "no.png", original=None)
    assert originals.find_file(local) == tmp_path / "no.png"

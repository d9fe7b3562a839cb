"""The hash of a dataset moves with what it is made of, and with nothing else."""

import dataclasses
import hashlib
import pathlib

import numpy as np
import pytest

from darkroom_predict.images import ImageSize
from darkroom_storage.objects import ObjectInfo
from darkroom_trainer.data.inspection.fetching import CheckedImage
from darkroom_trainer.data.inspection.revision import compute_revision
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.looks import Look

LOOK = Look.__new__(Look)
"""How an image looks is in no hash."""
IMAGE = CatalogImage("image 1", 1, "a.json", "https://h.test/1.png?token=x", None, (), np.zeros((0, 4), np.float32))
CHECK = CheckedImage("https://h.test/1.png?token=x", None, ImageSize(3, 4, turned=False), ObjectInfo(10, "tag"), LOOK)
HASHES = [hashlib.sha256(b"one").digest(), hashlib.sha256(b"two").digest()]


def test_it_is_the_same_again_and_says_how_it_was_made() -> None:
    revision = compute_revision(HASHES, [IMAGE], [CHECK])
    assert revision == compute_revision(HASHES, [IMAGE], [CHECK])
    assert revision.startswith("sha256:")
    assert len(revision) == len("sha256:") + 64


CHANGED = {
    "an annotation file": ([hashlib.sha256(b"one").digest(), hashlib.sha256(b"2").digest()], IMAGE, CHECK),
    "the order of the files": (HASHES[::-1], IMAGE, CHECK),
    "an image's address": (HASHES, dataclasses.replace(IMAGE, uri="https://h.test/2.png"), CHECK),
    "an image's bytes": (HASHES, IMAGE, dataclasses.replace(CHECK, info=ObjectInfo(10, "other"))),
    "an image's size": (HASHES, IMAGE, dataclasses.replace(CHECK, info=ObjectInfo(11, "tag"))),
    "an image that cannot be read": (HASHES, IMAGE, None),
}


@pytest.mark.parametrize(("hashes", "image", "check"), CHANGED.values(), ids=CHANGED.keys())
def test_it_moves_with(hashes: list[bytes], image: CatalogImage, check: CheckedImage | None) -> None:
    assert compute_revision(hashes, [image], [check]) != compute_revision(HASHES, [IMAGE], [CHECK])


SAME = {
    "a token that is renewed": (dataclasses.replace(IMAGE, uri="https://h.test/1.png?token=y"), CHECK),
    "where the file was put": (IMAGE, dataclasses.replace(CHECK, path=pathlib.Path("elsewhere"))),
    "the words for it": (dataclasses.replace(IMAGE, subject="image one"), CHECK),
}


@pytest.mark.parametrize(("image", "check"), SAME.values(), ids=SAME.keys())
def test_it_stays_with(image: CatalogImage, check: CheckedImage) -> None:
    assert compute_revision(HASHES, [image], [check]) == compute_revision(HASHES, [IMAGE], [CHECK])

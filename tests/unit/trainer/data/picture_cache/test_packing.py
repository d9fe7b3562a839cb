"""What is known of images survives as bytes, and bytes that are of no images are refused."""

import pathlib

import numpy as np
import pytest

from darkroom_trainer.data.picture_cache import packing
from darkroom_trainer.data.picture_cache.entries import EntryUnusable
from tests.support.coco_builders import a_picture, a_scene, a_source, write_dataset
from tests.support.run_support import load


def test_sizes_and_looks_are_read_as_they_were_packed(tmp_path: pathlib.Path) -> None:
    pictures = {"images/1.png": a_picture(100, 50), "images/2.png": a_scene(2, 64, 48)}
    loaded = load(a_source(write_dataset(tmp_path / "data", None, pictures)), tmp_path / "work")
    data = packing.pack_images(loaded)
    assert len(data) == 2 * packing.RECORD_BYTES
    sizes = [(example.width, example.height) for example in loaded.examples]
    assert packing.unpack_images(data) == [(*size, look) for size, look in zip(sizes, loaded.looks, strict=True)]


def _spoil(field: str, value: object) -> bytes:
    record = np.ones(1, packing.RECORD)
    record[field] = value
    return record.tobytes()


BAD = {
    "cut": _spoil("width", 10)[:-1],
    "no width": _spoil("width", 0),
    "a height beyond all images": _spoil("height", 1 << 31),
    "a score that is no number": _spoil("scores", np.nan),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_records_are_refused_that_are(data: bytes) -> None:
    assert len(packing.unpack_images(_spoil("width", 10))) == 1
    with pytest.raises(EntryUnusable, match="its records are"):
        packing.unpack_images(data)

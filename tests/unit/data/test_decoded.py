"""Images decoded once into an array."""

import pathlib

import numpy as np
import pytest

from darkroom_api.conditions import Reason
from darkroom_trainer.data.decoded import decode_images
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.unit.data.coco_builders import a_picture, a_source, write_dataset
from tests.unit.data.run_support import load


def test_images_are_decoded_once_in_order_and_reused(tmp_path: pathlib.Path) -> None:
    pictures = {"images/1.png": a_picture(100, 50), "images/2.png": a_picture(64, 64, mode="L")}
    loaded = load(a_source(write_dataset(tmp_path / "data", None, pictures)), tmp_path / "work")
    array = decode_images(loaded, 32, tmp_path / "work", SilentReporter())
    assert array.shape == (2, 32, 32, 3)
    assert array.dtype == np.uint8
    assert not array.flags.writeable
    assert array[0, :, :4].mean() < 30 < 225 < array[0, :, -4:].mean()
    for name in pictures:
        (tmp_path / "data" / name).unlink()
    again = decode_images(loaded, 32, tmp_path / "work", SilentReporter())
    np.testing.assert_array_equal(array, again)


def test_an_image_that_vanished_after_its_check_is_named(tmp_path: pathlib.Path) -> None:
    loaded = load(a_source(write_dataset(tmp_path / "data")), tmp_path / "work")
    (tmp_path / "data/images/2.png").unlink()
    with pytest.raises(RunError, match=r"image 2 \(images/2\.png\) changed since it was checked") as error:
        decode_images(loaded, 32, tmp_path / "work", SilentReporter())
    assert error.value.reason is Reason.DATASET_CORRUPT

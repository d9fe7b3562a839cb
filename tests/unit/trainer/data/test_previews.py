"""Small pictures: their names, sizes and form."""

import io

import numpy as np
import pytest
from PIL import Image

from darkroom_trainer.data.previews import encode_preview, name_preview, shrink

SIZES = {
    "a wide picture": ((1280, 320), (640, 160)),
    "a tall one": ((300, 6400), (30, 640)),
    "a small one": ((640, 20), (640, 20)),
    "a line": ((16_000, 10), (640, 1)),
}


@pytest.mark.parametrize(("size", "expected"), SIZES.values(), ids=SIZES.keys())
def test_the_longer_side_is_bounded_and_the_aspect_kept(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shrink(Image.new("RGB", size)).size == expected


def test_a_preview_is_a_small_jpeg_whatever_is_on_it() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    encoded = encode_preview(Image.fromarray(noise))
    picture = Image.open(io.BytesIO(encoded))
    assert (picture.format, picture.size) == ("JPEG", (640, 480))
    assert len(encoded) < 300_000


def test_names_are_in_the_order_of_numbers() -> None:
    assert [name_preview(number) for number in (1, 500)] == ["previews/000001.jpg", "previews/000500.jpg"]

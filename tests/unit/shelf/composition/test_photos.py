"""Photos within bounds."""

import io

import pytest
from PIL import Image

from darkroom_shelf.composition import photos
from darkroom_shelf.errors import ShelfProblem


def encode(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, "PNG")
    return buffer.getvalue()


def test_photos_with_too_many_pixels_together_are_refused_at_the_one_that_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photos, "MAX_INPUT_PIXELS", 25_000)
    with pytest.raises(ShelfProblem, match="30,000 pixels, at most 25,000") as caught:
        photos.decode_photos({f"images[{at}]": encode((100, 100)) for at in range(4)})
    assert caught.value.field == "images[2]"


def test_a_photo_that_is_none_is_named() -> None:
    with pytest.raises(ShelfProblem, match=r"images\[0\]: the image is not an image in JPEG"):
        photos.decode_photos({"images[0]": b"<html>"})

"""Small pictures inside the page, of bounded size, while there is time for them."""

import base64
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from darkroom_predict.images import ImageProblem
from darkroom_storage.errors import StorageUnreachable
from darkroom_trainer.report import thumbnails


def a_picture(width: int, height: int, form: str = "PNG") -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def test_a_picture_becomes_a_small_jpeg_with_its_sides_in_proportion() -> None:
    found = thumbnails.make_thumbnail(lambda: a_picture(600, 300))
    assert found is not None
    assert (found["width"], found["height"]) == (thumbnails.SIDE_PX, thumbnails.SIDE_PX // 2)
    start = "data:image/jpeg;base64,"
    assert found["data"].startswith(start)
    with Image.open(io.BytesIO(base64.b64decode(found["data"].removeprefix(start)))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (found["width"], found["height"]))


def fail_with(error: Exception) -> Callable[[], bytes]:
    def read() -> bytes:
        raise error

    return read


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(fail_with(OSError("gone")), id="no file"),
        pytest.param(fail_with(ImageProblem("is no image")), id="no image"),
        pytest.param(fail_with(StorageUnreachable("s3://b/a.png")), id="no bucket"),
        pytest.param(lambda: b"words", id="other bytes"),
        pytest.param(lambda: b"x" * (thumbnails.MAX_FILE_BYTES + 1), id="a file that takes too long"),
    ],
)
def test_a_picture_that_cannot_be_read_is_left_out(read: Callable[[], bytes]) -> None:
    assert thumbnails.make_thumbnail(read) is None


@pytest.mark.parametrize(("now", "has_time", "may"), [(14.9, True, True), (15.1, True, False), (14.9, False, False)])
def test_pictures_are_made_for_a_while_at_most(now: float, may: bool, *, has_time: bool) -> None:
    times = iter([10.0, now])
    assert thumbnails.limit(lambda: has_time, 5.0, lambda: next(times))() is may

"""What the bytes of an image are."""

from typing import Any

import pytest

from darkroom_migrate.pictures import examine
from darkroom_predict.images import ImageProblem
from tests.support.coco_builders import a_picture
from tests.unit.migrate.recorded_projects import a_turned_picture

OPTIONS: dict[str, Any] = {"MPO": {"append_images": [], "save_all": True}}
FORMS = {
    "JPEG": ("jpg", "image/jpeg"),
    "PNG": ("png", "image/png"),
    "BMP": ("bmp", "image/bmp"),
    "GIF": ("gif", "image/gif"),
    "WEBP": ("webp", "image/webp"),
    "TIFF": ("tiff", "image/tiff"),
    "ICO": ("ico", "image/x-icon"),
    "MPO": ("jpg", "image/jpeg"),
}


@pytest.mark.parametrize(("form", "names"), FORMS.items(), ids=FORMS)
def test_a_picture_is_named_by_its_bytes(form: str, names: tuple[str, str]) -> None:
    picture = examine(a_picture(32, 32, form, **OPTIONS.get(form, {})))
    assert (picture.suffix, picture.media_type) == names
    assert (picture.size.width, picture.size.height) == (32, 32)


def test_its_size_is_that_of_the_picture_as_it_is_shown() -> None:
    size = examine(a_turned_picture()).size
    assert (size.width, size.height, size.turned) == (50, 100, True)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ImageProblem):
        examine(b"<html>")

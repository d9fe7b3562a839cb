"""Which names below a folder are pictures, labels, or nothing of a user's."""

import pytest

from darkroom_trainer.data.sources.listing import is_picture_name

NAMES = {
    "a JPEG": ("a/b.JPG", True),
    "a kind of picture that is not read, so that its user learns of it": ("b.heic", True),
    "no ending": ("images/0a1b2c3d", True),
    "a date at the end": ("photo 2026.05.01", True),
    "a dot in the folder": ("v1.2/photo", True),
    "letters of any script": ("Äpfel/李 #1%.png", True),
    "a COCO file": ("train.json", False),
    "labels": ("labels/1.txt", False),
    "an archive": ("all.zip", False),
    "a copy of an editor": ("a.jpg.bak", False),
    "an object that stands for a folder": ("images/", False),
    "a hidden file": (".DS_Store", False),
    "what another system hides beside a picture": ("a/._b.jpg", False),
}


@pytest.mark.parametrize(("name", "is_picture"), NAMES.values(), ids=NAMES.keys())
def test_an_object_may_be_an_image(name: str, is_picture: bool) -> None:
    assert is_picture_name(name) is is_picture

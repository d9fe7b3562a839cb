"""What messages call an image of a catalog."""

import pytest

from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.dataset import no_boxes

NAMES = {
    "its subject without its file": ("image 3 (a.png)", "a.png", "image 3"),
    "its subject where no file is in it": ("image 3", "a.png", "image 3"),
    "its subject with another file": ("image 3 (b.png)", "a.png", "image 3 (b.png)"),
    "its subject with words before its file": (
        "image 3 (a.png) of train.json",
        "a.png",
        "image 3 (a.png) of train.json",
    ),
}


@pytest.mark.parametrize(("subject", "file", "name"), NAMES.values(), ids=NAMES)
def test_an_image_is_called(subject: str, file: str, name: str) -> None:
    assert CatalogImage(subject, 3, file, None, None, (), no_boxes()).name == name

"""The picture of docs/shelf.md: what the script makes now, and of a shelf on which everything happens."""

import numpy as np
from PIL import Image

from hack.tools.shelf_picture import SHELF_PICTURE, build_planogram, draw_shelf, see


def test_the_picture_in_the_docs_is_what_the_script_makes() -> None:
    with Image.open(SHELF_PICTURE) as stored:
        assert np.array_equal(np.asarray(stored.convert("RGB")), np.asarray(draw_shelf())), (
            "make it anew: see its script"
        )


def test_the_shelf_lacks_one_product_and_has_one_too_many() -> None:
    planogram = build_planogram()
    names = [item.name for item in see(planogram)]
    assert len(names) == len(planogram.positions)
    assert "gap" in names

"""A dataset of many images, loaded and split in bounded memory."""

import pytest

from bench.data.big_sets import MAX_BYTES, measure


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        pytest.param(500, "imageObjectDetection", id="500 images with boxes"),
        pytest.param(100_000, "imageObjectDetection", marks=pytest.mark.extended, id="100,000 images with boxes"),
        pytest.param(100_000, "imageMultilabelClassification", marks=pytest.mark.extended, id="100,000 with ten tags"),
    ],
)
def test_a_set_of_many_images_is_loaded_and_split_in_bounded_memory(images: int, kind: str) -> None:
    found = measure(images, kind)
    assert (found["images"], found["annotations"], found["tags"]) == (images, 10 * images, 2_000)
    assert (found["train"] + found["truths"], found["middle"]) == (images, 24.0)
    assert found["truths"] == pytest.approx(0.2 * images, rel=0.1)
    assert found["peak_bytes"] <= MAX_BYTES

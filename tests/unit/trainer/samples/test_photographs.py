"""The photographs of scikit-learn: halves that share no pixel, a dahlia without its background."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from darkroom_trainer.samples.digits import Part
from darkroom_trainer.samples.photographs import Photographs, cut_half, load_half


def test_the_parts_are_the_two_sides_of_a_photograph_and_share_no_pixel() -> None:
    photograph = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    left, right = (cut_half(photograph, part, 2) for part in (Part.TRAIN, Part.EVALUATION))
    assert (left.shape[1], right.shape[1]) == (2, 4)
    assert np.array_equal(np.concatenate([left, right], axis=1), photograph)


def test_leaves_and_landscape_come_from_the_part_s_own_side() -> None:
    flower, landscape = load_sample_image("flower.jpg"), load_sample_image("china.jpg")
    train, evaluation = (load_half(part) for part in (Part.TRAIN, Part.EVALUATION))
    assert np.array_equal(train.leaves, flower[:, : train.leaves.shape[1]])
    assert np.array_equal(evaluation.leaves, flower[:, -evaluation.leaves.shape[1] :])
    assert np.array_equal(np.concatenate([train.landscape, evaluation.landscape], axis=1), landscape)


@pytest.mark.parametrize(("part", "own_side"), [(Part.TRAIN, slice(0, 153)), (Part.EVALUATION, slice(153, 306))])
def test_a_dahlia_is_its_part_s_half_and_the_mirror_image_of_it(part: Part, own_side: slice) -> None:
    pixels = np.asarray(load_half(part).dahlia.convert("RGB"))
    assert np.array_equal(pixels, pixels[:, ::-1])
    original = load_sample_image("flower.jpg")[222 - 153 : 222 + 153, 306 - 153 : 306 + 153]
    assert np.array_equal(pixels[:, own_side], original[:, own_side])


@pytest.mark.parametrize("part", Part)
def test_the_outline_holds_the_petals_and_nothing_of_the_leaves(part: Part) -> None:
    half: Photographs = load_half(part)
    outline, pixels = np.asarray(half.dahlia.getchannel("A")), np.asarray(half.dahlia.convert("RGB")).astype(int)
    inside = outline > 127
    assert 0.55 < inside.mean() < 0.75
    assert inside[100:206, 100:206].all()
    assert not outline[:4].any()
    assert not outline[:, :4].any()
    assert (pixels[inside][:, 0] > pixels[inside][:, 2]).mean() > 0.99

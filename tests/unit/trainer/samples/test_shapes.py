"""Drawn shapes: tags that the pictures have."""

import numpy as np
import pytest

from darkroom_trainer.samples import shapes


def test_every_shape_and_a_plain_ground_occur_as_often_as_they_should() -> None:
    random = np.random.default_rng(0)
    drawn = [shapes.draw_picture(random).tags for _ in range(500)]
    for name, (_, share) in shapes.SHAPES.items():
        assert np.mean([name in tags for tags in drawn]) == pytest.approx(share, abs=0.07)
    assert any(not tags for tags in drawn)
    assert all(len(set(tags)) == len(tags) for tags in drawn)

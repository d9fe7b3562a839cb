"""Scenes of digits: boxes where the ink is."""

import numpy as np

from darkroom_trainer.samples.digits import Part, load_part
from darkroom_trainer.samples.scenes import SCENE_PX, draw_scene


def test_scenes_hold_two_to_five_digits_that_stand_out_and_apart() -> None:
    random, digits = np.random.default_rng(0), load_part(Part.EVALUATION)
    for _ in range(30):
        scene = draw_scene(digits, random)
        assert 2 <= len(scene.placed) <= 5
        for placed in scene.placed:
            left, top, width, height = placed.box
            assert 0 <= left < left + width <= SCENE_PX
            assert 0 <= top < top + height <= SCENE_PX
            inside = scene.pixels[top : top + height, left : left + width].astype(int).mean(axis=2)
            assert inside.max() - inside.min() > 40

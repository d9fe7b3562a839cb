"""Dahlias before leaves and landscapes: boxes where the petals are, colours that the tags name."""

import colorsys

import numpy as np
import pytest

from darkroom_trainer.samples import dahlias
from darkroom_trainer.samples.digits import Part
from darkroom_trainer.samples.photographs import load_half
from darkroom_trainer.samples.scenes import measure_overlap


@pytest.mark.parametrize("part", Part)
def test_dahlias_lie_inside_the_picture_and_none_is_hidden(part: Part) -> None:
    half, random = load_half(part), np.random.default_rng(0)
    flowers = dahlias.tone_dahlias(half.dahlia)
    for _ in range(12):
        bouquet = dahlias.draw_bouquet(half, flowers, random)
        assert bouquet.pixels.shape == (dahlias.PICTURE_PX, dahlias.PICTURE_PX, 3)
        assert 1 <= len(bouquet.placed) <= 5
        boxes = [placed.box for placed in bouquet.placed]
        for at, (left, top, width, height) in enumerate(boxes):
            assert min(left, top) >= 0
            assert max(left + width, top + height) <= dahlias.PICTURE_PX
            assert min(width, height) >= 18
            assert all(measure_overlap(boxes[at], other) <= 0.25 for other in boxes[:at])


def test_a_box_is_tight_around_what_was_pasted() -> None:
    half = load_half(Part.TRAIN)
    red = half.dahlia.copy()
    red.paste((255, 0, 0), (0, 0), half.dahlia.getchannel("A"))
    random = np.random.default_rng(3)
    for _ in range(8):
        bouquet = dahlias.draw_bouquet(half, dict.fromkeys(dahlias.TAGS, red), random)
        pixels = bouquet.pixels.astype(int)
        is_red = (pixels[:, :, 0] > 120) & (pixels[:, :, 1] < 40) & (pixels[:, :, 2] < 40)
        left, top, width, height = bouquet.placed[-1].box
        rows, columns = (
            np.flatnonzero(is_red[top : top + height, left : left + width].any(axis=axis)) for axis in (1, 0)
        )
        assert rows[0] <= 2
        assert columns[0] <= 2
        assert rows[-1] >= height - 3
        assert columns[-1] >= width - 3


@pytest.mark.parametrize(
    ("tag", "degrees"),
    [("orange", (15, 40)), ("yellow", (38, 60)), ("green", (75, 110)), ("pink", (320, 360)), ("violet", (265, 300))],
)
def test_a_dahlia_has_the_colour_that_its_tag_names(tag: str, degrees: tuple[int, int]) -> None:
    flowers = dahlias.tone_dahlias(load_half(Part.TRAIN).dahlia)
    hue, saturation, _ = mean_colour(np.asarray(flowers[tag]))
    assert degrees[0] <= hue * 360 <= degrees[1]
    assert saturation > 0.25


def test_a_white_dahlia_has_hardly_any_colour() -> None:
    _, saturation, brightness = mean_colour(np.asarray(dahlias.tone_dahlias(load_half(Part.TRAIN).dahlia)["white"]))
    assert saturation < 0.1
    assert brightness > 0.75


def mean_colour(flower: np.ndarray) -> tuple[float, float, float]:
    """Return hue, saturation and brightness of the mean petal."""
    mean = flower[flower[:, :, 3] > 127][:, :3].mean(axis=0) / 255
    return colorsys.rgb_to_hsv(*mean.tolist())

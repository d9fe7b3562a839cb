"""How large images have to be: as large as their detail, whatever size they are stored at."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from darkroom_trainer.data.records.dataset import Example, no_boxes
from darkroom_trainer.search import resolution

Sizes = tuple[int, int]


def a_noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Return a picture in which every pixel is drawn by itself."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def an_example(path: pathlib.Path, size: Sizes = (64, 64)) -> Example:
    """Return the example of a file, which may not be there."""
    return Example(1, path.name, path, *size, (0,), no_boxes())


DETAIL = [
    pytest.param(8, (64, 64), 32, id="drawn at 8 and enlarged to 64"),
    pytest.param(8, (300, 300), 32, id="drawn at 8 and enlarged to 300"),
    pytest.param(64, (64, 64), 64, id="noise of 64"),
    pytest.param(20, (20, 20), 20, id="noise smaller than the least side"),
    pytest.param(8, (300, 150), 32, id="not square"),
    pytest.param(600, (600, 600), 600, id="noise larger than the largest side"),
]


DECODED = [
    pytest.param(96, 300.0, [224], 224, id="a frozen network gets its own size where there is detail"),
    pytest.param(96, 130.0, [224], 160, id="no more than the detail, in whole steps"),
    pytest.param(32, 20.0, [224], 32, id="small pictures stay small"),
    pytest.param(96, 300.0, [], 96, id="nobody needs more without frozen networks"),
    pytest.param(224, 300.0, [160], 224, id="the trained network may need the most"),
    pytest.param(96, 300.0, [160, 260], 260, id="the largest of several"),
]


@pytest.mark.parametrize(("network_px", "detail_px", "frozen_px", "side"), DECODED)
def test_images_are_decoded_as_large_as_somebody_can_use(
    network_px: int, detail_px: float, frozen_px: list[int], side: int
) -> None:
    assert resolution.choose_decoded_side(network_px, detail_px, frozen_px) == side


@pytest.mark.parametrize(("drawn_px", "size", "side"), DETAIL)
def test_a_picture_needs_the_pixels_that_its_detail_needs(drawn_px: int, size: Sizes, side: int) -> None:
    picture = a_noise(drawn_px, drawn_px).resize(size, Image.Resampling.BICUBIC)
    assert resolution.measure_picture(picture) == side


def test_of_a_picture_enlarged_twice_half_the_side_is_enough() -> None:
    picture = a_noise(64, 64).resize((256, 256), Image.Resampling.BICUBIC)
    assert 64 <= resolution.measure_picture(picture) <= 160


@pytest.mark.parametrize("content", [None, b"no picture"], ids=["not there", "no picture"])
def test_a_file_that_cannot_be_read_counts_by_its_size(content: bytes | None, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    assert resolution.measure_detail_side([an_example(path, (300, 200))]) == 300


def test_three_images_in_four_keep_their_detail(tmp_path: pathlib.Path) -> None:
    """One image in ten that needs more does not make all of them large; one in two does."""
    flat, fine = tmp_path / "flat.png", tmp_path / "fine.png"
    a_noise(8, 8).resize((64, 64), Image.Resampling.BICUBIC).save(flat)
    a_noise(64, 64).save(fine)
    few = [an_example(fine if at == 0 else flat) for at in range(10)]
    many = [an_example(fine if at % 2 == 0 else flat) for at in range(10)]
    assert resolution.measure_detail_side(few) == 32
    assert resolution.measure_detail_side(many) == 64


def test_of_many_images_only_a_sample_is_read(tmp_path: pathlib.Path) -> None:
    a_noise(64, 64).save(tmp_path / "a.png")
    read = set(range(0, 4 * resolution.MOST_IMAGES, 4))
    examples = [an_example(tmp_path / ("a.png" if at in read else f"{at}.png"), (500, 500)) for at in range(100)]
    assert resolution.measure_detail_side(examples) == 64

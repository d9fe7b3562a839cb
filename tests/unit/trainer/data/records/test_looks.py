"""What is measured of an image: its scores, and that its sketch and hashes tell images apart."""

import numpy as np
import pytest
from PIL import Image

from darkroom_trainer.data.records import looks


def measure(pixels: object, data: bytes = b"file") -> looks.Look:
    """Return the look of grey levels."""
    return looks.measure_look(data, Image.fromarray(np.asarray(pixels, dtype=np.uint8)).convert("RGB"))


def flat(level: int) -> np.ndarray:
    """Return an image of one grey level."""
    return np.full((64, 64), level)


RAMP = np.tile(np.arange(0, 256, 4), (64, 1))
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64))
BLOBS = Image.fromarray(NOISE[:8, :8].astype(np.uint8))


@pytest.mark.parametrize(
    ("pixels", "dark", "light"),
    [(flat(0), 0.0, 1.0), (flat(255), 1.0, 0.0), (flat(51), 0.2, 0.8), (RAMP, 0.99, 0.95)],
    ids=["black", "white", "dim", "every level"],
)
def test_an_image_is_dark_by_its_brightest_and_light_by_its_darkest_levels(
    pixels: np.ndarray, dark: float, light: float
) -> None:
    look = measure(pixels)
    assert [look.dark, look.light] == pytest.approx([dark, light], abs=0.02)


def test_a_flat_image_has_no_detail_no_edges_and_no_contrast() -> None:
    look = measure(flat(128))
    assert (look.detail, look.blurry, look.std) == (0.0, 0.0, 0.0)


def test_the_contrast_is_the_deviation_of_the_grey_levels() -> None:
    assert measure(RAMP).std == pytest.approx(float(np.std(RAMP)))


def test_noise_is_sharper_and_has_more_detail_than_a_ramp() -> None:
    noise, ramp = measure(NOISE), measure(RAMP)
    assert noise.blurry > ramp.blurry
    assert noise.detail > ramp.detail


def test_an_image_in_two_sizes_has_nearly_one_perceptual_hash_and_a_turned_one_another() -> None:
    small, large = (measure(BLOBS.resize((side, side))).perceptual for side in (64, 500))
    turned = measure(BLOBS.resize((64, 64)).rotate(90)).perceptual
    assert (small ^ large).bit_count() <= 4
    assert (small ^ turned).bit_count() > 16


def test_the_content_is_told_by_the_bytes_of_the_file_and_the_sketch_by_the_pixels() -> None:
    one, same, other = measure(RAMP, b"a"), measure(RAMP, b"a"), measure(RAMP, b"b")
    assert one == same
    assert (one.content == other.content, one.sketch == other.sketch) == (False, True)
    assert len(one.sketch) == looks.SKETCH_BYTES

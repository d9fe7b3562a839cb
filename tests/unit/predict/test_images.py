"""Decoding: the formats taken, the images refused, and what becomes of odd pixels."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from darkroom_predict import images
from darkroom_predict.images import ImageProblem, ImageSize, count_pixels, measure_picture, open_picture
from darkroom_predict.resizing import resize_picture
from tests.support.coco_builders import a_picture


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "ICO", "MPO"])
def test_every_documented_format_is_read(form: str) -> None:
    side = 48
    assert measure_picture(a_picture(side, side, form)) == ImageSize(side, side, turned=False)
    assert open_picture(a_picture(side, side, form)).mode == "RGB"


def a_png_claiming(width: int, height: int) -> bytes:
    data = bytearray(a_picture(20, 20))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def a_gif_bomb() -> bytes:
    data = bytearray(a_picture(20, 20, "GIF"))
    data[6:10] = (60_000).to_bytes(2, "little") * 2
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "is empty", id="an empty file"),
        pytest.param(b"<!DOCTYPE html><html>", "is not an image in JPEG", id="an error page"),
        pytest.param(a_picture(form="PPM"), "is not an image in JPEG", id="a format that is not taken"),
        pytest.param(a_picture(200, 200, "JPEG")[:-900], "truncated or damaged", id="a JPEG that is cut off"),
        pytest.param(a_picture(200, 200)[:250], "truncated or damaged", id="a PNG that is cut off"),
        pytest.param(a_picture(200, 200, "BMP")[:5000], "truncated or damaged", id="a BMP that is cut off"),
        pytest.param(a_picture(9, 50), "each side must be 10 to 16,000", id="too narrow to see anything"),
        pytest.param(a_png_claiming(60_000, 60_000), "larger than 89,478,485 pixels", id="a bomb"),
        pytest.param(a_png_claiming(10_000, 9_000), "larger than 89,478,485 pixels", id="a bomb Pillow only warns of"),
        pytest.param(a_gif_bomb(), "larger than 89,478,485 pixels", id="a GIF bomb"),
        pytest.param(a_png_claiming(17_000, 20), "is 17000 x 20 pixels", id="too long"),
        pytest.param(a_png_claiming(0, 20), "truncated or damaged|is 0 x 20|is not an image", id="no width"),
    ],
)
def test_what_cannot_be_used_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(ImageProblem, match=says):
        measure_picture(data)


def test_no_byte_flipped_in_a_small_image_escapes_as_another_error() -> None:
    random = np.random.default_rng(0)
    for form in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "ICO", "BMP"):
        whole = a_picture(24, 24, form)
        for _ in range(60):
            broken = bytearray(whole)
            for position in random.integers(len(whole), size=4):
                broken[position] = random.integers(256)
            try:
                open_picture(bytes(broken))
            except ImageProblem:
                continue


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_rotation_turns_the_picture_and_its_size(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the stored left edge is the top
    data = a_picture(80, 40, form, exif=exif)
    size = measure_picture(data)
    assert (size.width, size.height) == (40, 80)
    pixels = np.asarray(open_picture(data).convert("L"), dtype=int)
    assert pixels.shape == (80, 40)
    assert pixels[0].mean() < 20 < 230 < pixels[-1].mean()


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        pytest.param("I;16", 65535, 255, id="16 bits keep white white"),
        pytest.param("I;16", 32896, 128, id="16 bits keep grey grey"),
        pytest.param("L", 77, 77, id="8 bits stay"),
        pytest.param("1", 255, 255, id="one bit"),
        pytest.param("LA", (77, 0), 77, id="transparency is dropped"),
    ],
)
def test_grey_images_become_rgb(mode: str, value: int, expected: int) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (20, 20), value).save(buffer, "PNG")
    assert open_picture(buffer.getvalue()).getpixel((3, 3)) == (expected,) * 3


def test_a_draft_is_not_smaller_than_asked_for() -> None:
    data = a_picture(1600, 1200, "JPEG")
    draft = open_picture(data, draft_px=128)
    assert 128 <= min(draft.size) < 1200
    small = resize_picture(draft, 64)
    assert small.shape == (64, 64, 3)
    whole = resize_picture(open_picture(data), 64)
    assert np.abs(small.astype(int) - whole.astype(int)).mean() < 3


def test_pillow_itself_refuses_bombs_too() -> None:
    assert Image.MAX_IMAGE_PIXELS == images.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("orientation", range(9))
def test_a_picture_is_turned_as_exif_asks(orientation: int) -> None:
    picture = Image.fromarray(np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", exif=exif.tobytes())
    expected = ImageOps.exif_transpose(Image.open(buffer))
    np.testing.assert_array_equal(np.asarray(images.turn_upright(picture, orientation)), np.asarray(expected))


def test_pixels_are_counted_by_the_first_bytes() -> None:
    cut_off = a_picture(30, 20)[:60]
    assert count_pixels(cut_off) == 600
    with pytest.raises(ImageProblem, match="truncated or damaged"):
        measure_picture(cut_off)

"""One image and one model: what it says, and which images it does not look at."""

import io
import pathlib

import pytest
from PIL import Image

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.onnx_predictor import OnnxPredictor, open_onnx
from darkroom_server.prediction.failures import ImageUnfit
from darkroom_server.prediction.looking import check_head, look
from tests.support.server.models import draw, write_model


def _open(folder: pathlib.Path, task: Task = Task.CLASSIFIER) -> OnnxPredictor:
    write_model(folder, task)
    return open_onnx(folder / "model.onnx", 1)


def test_the_size_is_that_of_the_upright_image(tmp_path: pathlib.Path) -> None:
    picture, file = Image.new("RGB", (4000, 2000), "red"), io.BytesIO()
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(file, "JPEG", exif=exif)
    seen = look(_open(tmp_path), file.getvalue())
    assert (seen.size.width, seen.size.height) == (2000, 4000)


def test_of_a_detector_only_guesses_above_its_threshold_are_shown(tmp_path: pathlib.Path) -> None:
    seen = look(_open(tmp_path, Task.DETECTOR), draw(("red", 0, 0), ("blue", 2, 1)))
    assert sorted(seen.prediction.labels.tolist()) == [0, 2]


@pytest.mark.parametrize(
    ("image", "says", "is_image"),
    [
        pytest.param(b"", "empty", True, id="nothing"),
        pytest.param(b"<html>", "not an image", False, id="a page"),
        pytest.param(draw(("red", 1, 1))[:120], "truncated", True, id="a part of an image"),
        pytest.param(draw(size_px=(200, 49)), "at least 50", True, id="a small image"),
        pytest.param(draw(size_px=(16_001, 60)), "16,000", True, id="a wide image"),
    ],
)
def test_an_image_that_no_model_looks_at_is_refused(
    tmp_path: pathlib.Path, image: bytes, says: str, is_image: bool
) -> None:
    with pytest.raises(ImageUnfit, match=says) as caught:
        look(_open(tmp_path), image)
    assert caught.value.is_image is is_image


@pytest.mark.parametrize("image", [b"", b"<html>", draw(size_px=(8, 60)), b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_by_its_head_is_refused_before_it_is_decoded(image: bytes) -> None:
    with pytest.raises(ImageUnfit):
        check_head(image)


def test_a_damaged_image_has_a_head_all_the_same() -> None:
    check_head(draw()[:-40])

"""`darkroom planogram`, `rectify` and `stitch` as a person runs them: files in, JSON or a picture out."""

import json
import pathlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom_trainer.command import main
from tests.support.shelf.drawn_shelves import a_planogram, empty, see_all, write_planogram, write_result

PLANOGRAM = a_planogram(rows=2, facings=5)
SEEN = [empty(item) if item.id == "1-1" else item for item in see_all(PLANOGRAM)]


@pytest.fixture
def files(tmp_path: pathlib.Path) -> list[str]:
    (tmp_path / "plan.json").write_text(json.dumps(write_planogram(PLANOGRAM)))
    (tmp_path / "seen.json").write_text(json.dumps({"result": write_result(SEEN)}))
    return [str(tmp_path / "plan.json"), str(tmp_path / "seen.json")]


def read(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_matches_are_printed_as_the_route_answers(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["planogram", *files]) == 0
    found = read(capsys)["matchingResultPerPosition"]
    assert [one["detectedObject"]["id"] for one in found] == [one.id for one in PLANOGRAM.positions]


def test_compliance_and_a_picture_are_made_when_asked_for(
    files: list[str], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["planogram", *files, "--compliance", "--picture", str(tmp_path / "match.jpg")]) == 0
    assert read(capsys)["compliance"]["missing"] == 1
    with Image.open(tmp_path / "match.jpg") as picture:
        assert picture.format == "JPEG"


def test_a_whole_request_is_taken_for_both_files(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"Planogram": write_planogram(PLANOGRAM), "detectedProducts": write_result(SEEN)}))
    assert main(["planogram", str(path), str(path)]) == 0
    assert len(read(capsys)["matchingResultPerPosition"]) == 10


def test_a_photo_is_rectified(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (200, 100), "red").save(tmp_path / "photo.png")
    corners = {"topLeft": (0.1, 0.1), "topRight": (0.6, 0.1), "bottomLeft": (0.1, 0.9), "bottomRight": (0.6, 0.9)}
    points = {"ControlPoints": {name: {"x": x, "y": y} for name, (x, y) in corners.items()}}
    (tmp_path / "points.json").write_text(json.dumps(points))
    photo, where, to = (str(tmp_path / name) for name in ("photo.png", "points.json", "front.jpg"))
    assert main(["rectify", photo, "--points", where, "--to", to]) == 0
    assert "front.jpg: 100 x 80 pixels" in capsys.readouterr().out


def test_photos_are_stitched(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    shelf = Image.fromarray(noise).resize((720, 480), Image.Resampling.BICUBIC)
    shelf.crop((0, 0, 450, 480)).save(tmp_path / "left.png")
    shelf.crop((270, 0, 720, 480)).save(tmp_path / "right.png")
    names = [str(tmp_path / name) for name in ("left.png", "right.png")]
    assert main(["stitch", *names, "--to", str(tmp_path / "all.jpg")]) == 0
    assert "all.jpg: 72" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["planogram", "{}/plan.json", "{}/none.json"], "none.json: it cannot be read (No such file"),
        (["planogram", "{}/plan.json", "{}/photo.png"], "photo.png: it is not JSON"),
        (["planogram", "{}/seen.json", "{}/seen.json"], "planogram.width: it is missing"),
        (["stitch", "{}/photo.png", "--to", "{}/all.jpg"], "images: there are 1; give 2 to 20 photos"),
        (["stitch", "{}/photo.png", "{}/plan.json", "--to", "{}/all.jpg"], "plan.json: the image is not an image"),
        (["rectify", "{}/photo.png", "--points", "{}/plan.json", "--to", "{}/x.jpg"], "topLeft: it is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_file_or_field(
    files: list[str], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    Image.new("RGB", (200, 100), "red").save(tmp_path / "photo.png")
    assert main([argument.format(tmp_path) for argument in arguments]) == 1
    assert message in capsys.readouterr().err
    assert files

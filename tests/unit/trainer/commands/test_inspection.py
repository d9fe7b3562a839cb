"""What an inspection finds, tells and reports; loading finds the same."""

import json
import pathlib
from collections.abc import Callable

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_trainer.runtime.errors import RunError
from tests.support.coco_builders import (
    MISSING,
    Coco,
    a_coco,
    a_picture,
    a_scene,
    a_source,
    an_annotation,
    an_image,
    write_dataset,
)
from tests.support.run_support import inspect, load

PIXELS = a_coco(annotations=[an_annotation(1, bbox=[10, 10, 30, 20]), an_annotation(2, image_id=2, bbox=[1, 2, 3, 4])])


def test_inspection_and_loading_agree_on_the_revision(tmp_path: pathlib.Path) -> None:
    source = a_source(write_dataset(tmp_path))
    outcome = inspect(source)
    assert outcome.reason is Reason.SUCCEEDED
    assert load(source, tmp_path / "work").revision == outcome.dataset_revision
    assert outcome.dataset_revision is not None
    assert outcome.dataset_revision.startswith("sha256:")


def touch_annotations(folder: pathlib.Path) -> None:
    path = folder / "train.json"
    path.write_text(path.read_text() + " ")


def replace_image(folder: pathlib.Path) -> None:
    (folder / "images/1.png").write_bytes(a_picture(101, 50))


@pytest.mark.parametrize("change", [touch_annotations, replace_image])
def test_the_revision_moves_with_the_data(change: Callable[[pathlib.Path], None], tmp_path: pathlib.Path) -> None:
    source = a_source(write_dataset(tmp_path))
    before = inspect(source).dataset_revision
    assert inspect(source).dataset_revision == before
    change(tmp_path)
    assert inspect(source).dataset_revision != before


IMAGE_CASES: dict[str, tuple[Coco, dict[str, bytes], str]] = {
    "a missing image": (
        a_coco(),
        {"images/2.png": MISSING},
        r"train\.json image 2 \(images/2\.png\): image file:\S+/images/2\.png does not exist; upload it",
    ),
    "an empty image": (a_coco(), {"images/2.png": b""}, r"image 2 \(images/2\.png\): is empty \(0 bytes\)"),
    "a truncated image": (
        a_coco(),
        {"images/1.png": a_picture(200, 200)[:250]},
        r"image 1 \(images/1\.png\): is truncated or damaged",
    ),
    "an image that is text": (
        a_coco(),
        {"images/1.png": b"<html>"},
        r"image 1 \(images/1\.png\): is not an image in JPEG",
    ),
    "a size that is not the real one, with boxes in pixels": (
        PIXELS,
        {"images/1.png": a_picture(100, 60)},
        r"image 1 \(images/1\.png\): is declared as 100 x 50 but is 100 x 60 pixels; boxes in pixels need",
    ),
}


@pytest.mark.parametrize(("coco", "pictures", "says"), IMAGE_CASES.values(), ids=IMAGE_CASES.keys())
def test_a_bad_image_ends_loading_and_inspection_by_name(
    coco: Coco, pictures: dict[str, bytes], says: str, tmp_path: pathlib.Path
) -> None:
    source = a_source(write_dataset(tmp_path, coco, pictures))
    with pytest.raises(RunError, match=says) as error:
        load(source, tmp_path / "work")
    assert error.value.reason is Reason.DATASET_CORRUPT
    assert error.value.summary is not None
    assert error.value.summary.problem_count == 1
    outcome = inspect(source)
    assert outcome.reason is Reason.DATASET_CORRUPT
    assert outcome.message in error.value.message


def test_a_declared_size_does_not_matter_for_relative_boxes(tmp_path: pathlib.Path) -> None:
    source = a_source(write_dataset(tmp_path, None, {"images/1.png": a_picture(70, 70)}))
    assert inspect(source).reason is Reason.SUCCEEDED


def test_a_missing_annotation_file_is_not_found(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError, match=r"annotation file file:\S+none\.json does not exist") as error:
        inspect(a_source((tmp_path / "none.json").as_uri()))
    assert error.value.reason is Reason.DATASET_NOT_FOUND


def test_a_missing_bucket_is_not_found_by_name(access: StorageAccess) -> None:
    with pytest.raises(RunError, match="bucket no-such-bucket") as error:
        inspect(a_source("s3://no-such-bucket/train.json", storage=access))
    assert error.value.reason is Reason.DATASET_NOT_FOUND


def test_all_problems_are_in_the_report_and_their_causes_in_the_summary(tmp_path: pathlib.Path) -> None:
    coco = a_coco(annotations=[an_annotation(number, category_id=77) for number in range(12)])
    source = a_source(write_dataset(tmp_path, coco, {"images/2.png": MISSING}))
    outcome = inspect(source, tmp_path / "out")
    assert outcome.message.startswith(
        "13 problems of 2 causes, the first (12 times): train.json annotation 0 (image 1): category_id 77"
    )
    assert outcome.summary is not None
    assert outcome.summary.problem_count == 13
    assert [problem.subject for problem in outcome.summary.problems] == [
        "train.json annotation 0 (image 1) and 11 more",
        "train.json image 2 (images/2.png)",
    ]
    assert outcome.summary.report == f"{(tmp_path / 'out').as_uri()}/inspection.html"
    page = (tmp_path / "out" / "inspection.html").read_text()
    assert "category_id 77" in page
    assert "data:image/jpeg;base64," in page
    report = json.loads((tmp_path / "out" / "inspection.json").read_text())
    assert len(report["problems"]) == 13
    assert [cause["count"] for cause in report["causes"]] == [12, 1]
    assert report["problems"][-1]["subject"] == "train.json image 2 (images/2.png)"
    assert [tag["name"] for tag in report["categories"]] == ["apple", "pear"]


def test_a_good_dataset_is_summed_up_in_words(tmp_path: pathlib.Path) -> None:
    images = [an_image(number) for number in range(1, 11)]
    annotations = [an_annotation(n, image_id=n, category_id=n % 2 + 1) for n in range(1, 11)]
    pictures = {f"images/{number}.png": a_scene(number) for number in range(1, 11)}
    outcome = inspect(a_source(write_dataset(tmp_path, a_coco(images=images, annotations=annotations), pictures)))
    assert outcome.message == "10 images, 10 annotations, 2 tags"


def test_a_report_that_cannot_be_written_is_told_and_does_not_hide_the_result(tmp_path: pathlib.Path) -> None:
    source = a_source(write_dataset(tmp_path))
    (tmp_path / "blocked").write_text("a file where a folder should be")
    outcome = inspect(source, tmp_path / "blocked" / "out")
    assert outcome.reason is Reason.SUCCEEDED
    assert "the report could not be written" in outcome.message
    assert outcome.summary is not None
    assert outcome.summary.report is None

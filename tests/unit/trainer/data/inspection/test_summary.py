"""An examination in one sentence and in counts."""

import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_trainer.data.inspection import summary
from darkroom_trainer.data.inspection.examination import Examination
from darkroom_trainer.data.records.findings import Advice, Issue
from tests.support.coco_builders import MISSING, a_coco, a_scene, an_annotation, an_image
from tests.support.examinations import examine

SCENES = {f"images/{number}.png": a_scene(number) for number in range(1, 30)}


@pytest.fixture
def good(tmp_path: pathlib.Path) -> Examination:
    return examine(tmp_path, a_coco(), SCENES)


def examine_many(folder: pathlib.Path, count: int) -> Examination:
    """Return an examination of which every image is missing."""
    images = [an_image(number) for number in range(1, count + 1)]
    boxes = [an_annotation(number, image_id=number, category_id=1 + number % 2) for number in range(1, count + 1)]
    coco = a_coco(images=images, annotations=boxes)
    return examine(folder, coco, {str(image["file_name"]): MISSING for image in images})


def test_a_good_dataset_is_told_in_counts_and_its_first_advice(good: Examination) -> None:
    said = summary.describe(good)
    assert said.startswith("2 images, 2 annotations, 2 tags; ")
    assert said == summary.describe(good)
    told = summary.summarise(good, "s3://b/report.html")
    assert (told.images, told.annotations, told.category_count, told.problem_count) == (2, 2, 2, 0)
    assert (told.revision, told.report) == (good.revision, "s3://b/report.html")
    assert told.advice_count == good.findings.advice_counts.total() >= len(told.advice) > 0


def test_one_cause_is_told_once_with_how_often_it_occurs(tmp_path: pathlib.Path) -> None:
    said = summary.describe(examine_many(tmp_path, 12))
    assert said.startswith("12 problems of one cause, the first: train.json image 1 (images/1.png): image file:")


def test_of_several_causes_the_first_is_told(tmp_path: pathlib.Path) -> None:
    pictures = {"images/1.png": b"", "images/2.png": b"<html>"}
    said = summary.describe(examine(tmp_path, a_coco(), pictures))
    assert said.startswith("2 problems of 2 causes, the first: train.json image 1 (images/1.png): is empty")


def test_a_single_problem_needs_no_count(tmp_path: pathlib.Path) -> None:
    said = summary.describe(examine(tmp_path, a_coco(), {**SCENES, "images/1.png": b""}))
    assert said.startswith("train.json image 1 (images/1.png): is empty")


def test_the_end_of_a_run_names_the_dataset_and_carries_the_summary(tmp_path: pathlib.Path) -> None:
    ended = summary.build_corrupt_error(examine_many(tmp_path, 3))
    assert (ended.reason, ended.message[:32]) == (Reason.DATASET_CORRUPT, "dataset fruit: 3 problems of one")
    assert ended.summary is not None
    assert (ended.summary.problem_count, len(ended.summary.problems)) == (3, 1)


def advise(issue: Issue, subject: str, score: float | None = None) -> Advice:
    return Advice(issue, subject, "is odd", score=score)


def test_the_worst_of_every_kind_comes_before_the_next_worst_of_any() -> None:
    advice = [
        advise(Issue.BLURRY, "a little blurred", 0.5),
        advise(Issue.BLURRY, "blurred", 0.1),
        advise(Issue.CROWD, "a crowd"),
        advise(Issue.DARK, "dark", 0.3),
    ]
    chosen = [entry.subject for entry in summary.choose_advice(advice)]
    assert chosen == ["a crowd", "dark", "blurred", "a little blurred"]
    assert [entry.subject for entry in summary.choose_advice(advice, 2)] == chosen[:2]

import re
from typing import Any

import pytest

from darkroom_labels.coco_labels import Label, LabelledImage, Review
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.label_studio_export import read_export
from tests.unit.labels.documents import a_box, a_choice, a_task, an_annotation, own_data

UPLOADED = "/data/upload/3/ab12cd34-01.png"


def read_one(task: dict[str, Any]) -> LabelledImage:
    (found,) = read_export([task], "e.json").images
    return found.image


def test_a_submitted_task_is_a_reviewed_image_with_relative_boxes() -> None:
    found = read_one(a_task(UPLOADED, an_annotation(a_box("pear"))))
    label = Label("pear", (0.1, 0.2, 0.3, 0.4))
    assert found == LabelledImage(100, 50, coco_url=UPLOADED, labels=(label,), review=Review.ACCEPTED)


def test_a_task_of_darkroom_is_known_by_what_it_carries() -> None:
    task = a_task(UPLOADED, an_annotation(), data=own_data("images/01.png", absolute_url="s3://v/images/01.png"))
    (found,) = read_export([task], "e.json").images
    assert found.is_own
    assert found.image == LabelledImage(100, 50, "images/01.png", "s3://v/images/01.png", review=Review.ACCEPTED)


@pytest.mark.parametrize(
    ("annotations", "tags"),
    [
        ([an_annotation(a_choice("old"), id=1), an_annotation(a_choice("new"), id=2)], ["new"]),
        ([an_annotation(a_choice("new"), id=2), an_annotation(a_choice("old"), id=1)], ["new"]),
        ([an_annotation(a_choice("old"), id=1), an_annotation(a_choice("new"), id=2, was_cancelled=True)], ["old"]),
        (
            [
                an_annotation(a_choice("corrected"), id=1, updated_at="2026-11-30T10:00:00.000000Z"),
                an_annotation(a_choice("old"), id=2, updated_at="2026-11-30T09:00:00.000000Z"),
            ],
            ["corrected"],
        ),
    ],
    ids=["the later", "in any order", "not the cancelled one", "by the time of the last change"],
)
def test_the_last_annotation_that_was_not_cancelled_counts(annotations: list[Any], tags: list[str]) -> None:
    assert [label.tag for label in read_one(a_task(UPLOADED, *annotations)).labels] == tags


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (a_task(UPLOADED, an_annotation(a_box("pear"), was_cancelled=True)), "1 skipped tasks are not taken"),
        (a_task(UPLOADED, predictions=[{"result": [a_box("pear")]}]), r"1 tasks nobody has labelled \(predictions"),
        (a_task(UPLOADED, an_annotation({**a_box("pear"), "image_rotation": 90})), "picture was turned"),
    ],
    ids=["skipped", "a prediction alone", "turned on the page"],
)
def test_a_task_that_nobody_finished_is_pending_and_named(task: dict[str, Any], said: str) -> None:
    found = read_export([task], "e.json")
    assert found.images[0].image.review is Review.PENDING
    assert found.images[0].image.labels == ()
    (note,) = found.notes
    assert note.startswith("e.json: ")
    assert re.search(said, note)
    assert f"task 1 ({UPLOADED})" in note


def test_submitted_without_labels_is_reviewed_and_empty() -> None:
    found = read_one(a_task(UPLOADED, an_annotation()))
    assert (found.review, found.labels) == (Review.ACCEPTED, ())


def test_a_turned_box_becomes_the_upright_one_around_it_by_the_pictures_real_sides() -> None:
    found = read_export([a_task(UPLOADED, an_annotation(a_box("pear", 50, 20, 40, 20, rotation=90)))], "e.json")
    # 40 x 10 pixels at (50, 10) of 100 x 50, turned clockwise about its corner: 10 x 40 at (40, 10).
    assert found.images[0].image.labels[0].box == pytest.approx((0.4, 0.2, 0.1, 0.8))
    assert "1 turned boxes" in found.notes[0]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"type": "polygonlabels", "value": {}}, "type 'polygonlabels'"),
        (a_box("pear", 120, 0, 10, 10), "without an area inside the image"),
        (a_box("pear", rectanglelabels=[]), "without a tag"),
    ],
)
def test_an_item_that_is_no_label_is_left_out_and_named(item: dict[str, Any], said: str) -> None:
    found = read_export([a_task(UPLOADED, an_annotation(item))], "e.json")
    assert found.images[0].image.labels == ()
    assert said in found.notes[0]


def test_a_box_with_two_tags_is_two_labels_and_choices_are_tags_of_the_image() -> None:
    two = a_box("pear", rectanglelabels=["pear", "apple"])
    assert [label.tag for label in read_one(a_task(UPLOADED, an_annotation(two))).labels] == ["pear", "apple"]
    found = read_one(a_task(UPLOADED, an_annotation(a_choice("apple", "pear"))))
    assert found.labels == (Label("apple"), Label("pear"))


@pytest.mark.parametrize(
    ("data", "address"),
    [
        ({"photo": "s3://v/a.png", "text": "hi"}, "s3://v/a.png"),
        ({"scan": "https://h/a.png", "id": "x"}, "https://h/a.png"),
    ],
)
def test_the_image_is_found_in_data_of_any_key(data: dict[str, Any], address: str) -> None:
    assert read_one({"id": 1, "data": data, "annotations": []}).coco_url == address


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([{"image": "a.png", "label": []}], r"\[0\]: .* not JSON-MIN"),
        ([3], r"\[0\]"),
        ([{"data": {"n": 1}}], "names no image"),
        ([a_task("a.png", 7)], r"task 1 \(a.png\): annotations is not a list of objects"),  # type: ignore[arg-type]
        ([a_task("a.png", an_annotation(result=7))], r"result is not a list of objects"),
        ([a_task("a.png", an_annotation({"type": "choices", "value": {"choices": "pear"}}))], "not a list of tags"),
        ([a_task("a.png", an_annotation(a_box("pear", rotation="half")))], "rotation of a box must be a number"),
        ([a_task("a.png", an_annotation(a_box("pear", width=float("nan"))))], r"task 1 \(a.png\): a box has no x"),
    ],
)
def test_what_is_no_export_is_refused(tasks: list[Any], said: str) -> None:
    with pytest.raises(LabelsUnusable, match=f"^e.json.*{said}"):
        read_export(tasks, "e.json")

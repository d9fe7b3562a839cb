import json
from typing import Any

import pytest

from darkroom_labels.coco_labels import Label, LabelFile, LabelledImage, Review, build_document
from darkroom_labels.coco_reading import read_coco
from darkroom_labels.errors import LabelsUnusable
from tests.unit.labels.documents import a_coco

IMAGES = [{"file_name": "a.png"}, {"file_name": "b.png"}]


def read_boxes(document: dict[str, Any]) -> list[Any]:
    return [label.box for found in read_coco(document, "x.json").images for label in found.image.labels]


def test_what_darkroom_writes_is_read_back() -> None:
    images = (
        LabelledImage(100, 50, "a.png", "s3://v/a.png", None, (Label("pear", (0.1, 0.2, 0.3, 0.4)),), Review.ACCEPTED),
        LabelledImage(100, 50, "b.png", labels=(Label("apple", (0, 0, 1, 1), 0.5, crowd=True),), review=Review.PENDING),
        LabelledImage(100, 50, "c.png"),
    )
    found = read_coco(json.loads(build_document(LabelFile(("apple", "pear"), images))), "x.json")
    assert tuple(image.image for image in found.images) == images
    assert found.tags == ("apple", "pear")
    assert found.lists_pictures
    assert [image.is_own for image in found.images] == [True, True, False]


@pytest.mark.parametrize(
    ("change", "box"),
    [
        ({"bbox": [10, 10, 20, 20]}, (0.1, 0.2, 0.2, 0.4)),
        ({"bbox": [0.1, 0.2, 0.2, 0.4]}, (0.1, 0.2, 0.2, 0.4)),
        ({"bbox": [10, 10, 30, 30], "bbox_format": "xyxy"}, (0.1, 0.2, 0.2, 0.4)),
        ({"bbox": [10, 10, 30, 30], "bbox_mode": 0}, (0.1, 0.2, 0.2, 0.4)),
        ({"bbox": [10, 20, 20, 40], "bbox_format": "ltwh_percent"}, (0.1, 0.2, 0.2, 0.4)),
        ({"bbox": [], "segmentation": [[10, 10, 30, 10, 30, 30]]}, (0.1, 0.2, 0.2, 0.4)),
        ({"bbox": [10, 15, 20, 10], "attributes": {"rotation": 90.0}}, (0.15, 0.2, 0.1, 0.4)),
        ({"bbox": [90, 10, 10.5, 10]}, (0.9, 0.2, 0.1, 0.2)),
        ({}, None),
    ],
    ids=["pixels", "relative", "corners", "detectron2", "percent", "polygon", "turned", "over the edge", "no box"],
)
def test_a_box_of_any_form_becomes_relative(change: dict[str, Any], box: Any) -> None:
    (found,) = read_boxes(a_coco(IMAGES, [{"image_id": 1, **change}]))
    assert found == (box if box is None else pytest.approx(box))


def test_a_turned_box_is_told_of() -> None:
    turned = {"image_id": 1, "bbox": [10, 15, 20, 10], "attributes": {"rotation": 90}}
    found = read_coco(a_coco(IMAGES, [turned, turned]), "x.json")
    assert found.notes == ("x.json: 2 turned boxes: the upright boxes around them are taken",)


def test_ids_of_any_form_are_the_same_id() -> None:
    document = a_coco([{"file_name": "a", "id": "7"}], [{"image_id": 7.0, "category_id": "0"}])
    document["categories"] = [{"id": 0, "name": "apple"}]
    (found,) = read_coco(document, "x.json").images
    assert found.image.labels == (Label("apple"),)


def test_an_empty_category_that_names_the_project_is_no_tag() -> None:
    document = a_coco(IMAGES, [{"image_id": 1, "category_id": 1}])
    document["categories"] = [
        {"id": 0, "name": "fruit", "supercategory": "none"},
        {"id": 2, "name": "pear", "supercategory": "fruit"},
        {"id": 1, "name": "apple", "supercategory": "fruit"},
    ]
    assert read_coco(document, "x.json").tags == ("apple", "pear")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"images": []}, "annotations is not a list"),
        ({"images": [3], "annotations": [], "categories": []}, r"images\[0\]: it is not an object"),
        (a_coco([{"file_name": "a", "id": None}]), r"images\[0\]: id must be"),
        (a_coco([{"file_name": "a", "id": 2}, {"file_name": "b"}]), "ids occur twice"),
        (a_coco([{}]), "no file_name"),
        (a_coco([{"file_name": 3}]), "must be text"),
        (a_coco([{"file_name": "a", "review": "later"}]), "review must be one of pending, accepted, rejected"),
        (a_coco(IMAGES, [{"image_id": 9}]), "no entry for its image_id 9"),
        (a_coco(IMAGES, [{"image_id": 1, "category_id": 9}]), "no entry for its category_id 9"),
        (a_coco(IMAGES, [{"image_id": 1, "bbox": "1 2 3 4"}]), "annotation 1: bbox must be four"),
        (a_coco(IMAGES, [{"image_id": 1, "bbox": [60, 10, 90, 30]}]), r"image a\.png\): its box .* outside"),
        (a_coco(IMAGES, [{"image_id": 1, "bbox": [6, 10, 0, 3]}]), "its box is empty"),
        (a_coco([{"file_name": "a", "width": 0}], [{"image_id": 1, "bbox": [6, 10, 8, 3]}]), "no width and height"),
        (a_coco(IMAGES, [{"image_id": 1, "bbox": [1, 2, 3, 4], "bbox_format": "odd"}]), "'odd' is not known"),
        (a_coco(IMAGES, tags=(" ",)), "name must be text"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_the_place(document: dict[str, Any], said: str) -> None:
    with pytest.raises(LabelsUnusable, match=f"^x.json.*{said}"):
        read_coco(document, "x.json")


def test_a_score_that_no_number_can_hold_counts_as_none() -> None:
    entry = {"id": 1, "image_id": 1, "category_id": 1, "score": 10**400}
    document = {"images": [{"id": 1, **IMAGES[0]}], "categories": [{"id": 1, "name": "a"}], "annotations": [entry]}
    (found,) = read_coco(document, "x.json").images
    assert found.image.labels == (Label("a"),)

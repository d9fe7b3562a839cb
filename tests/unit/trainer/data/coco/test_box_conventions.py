"""Forms of boxes that a file declares."""

from typing import Any

import numpy as np
import pytest

from darkroom_trainer.data.coco.box_conventions import (
    BoxConvention,
    BoxShape,
    BoxUnit,
    UnknownConvention,
    read_convention,
)
from tests.support.coco_builders import Coco, a_coco, an_annotation, read_catalog, shown

BOX = [0.1, 0.2, 0.3, 0.4]
FORMS: dict[str, list[float]] = {
    "ltwh": BOX,
    "xywh_pixels": [10, 10, 30, 20],
    "coco": [10, 10, 30, 20],
    "xyxy": [10, 10, 40, 30],
    "ltrb": [0.1, 0.2, 0.4, 0.6],
    "BoxMode.XYXY_ABS": [10, 10, 40, 30],
    "pascal_voc": [10, 10, 40, 30],
    "albumentations": [0.1, 0.2, 0.4, 0.6],
    "cxcywh": [25, 20, 30, 20],
    "yolo": [0.25, 0.4, 0.3, 0.4],
    "percent": [10, 20, 30, 40],
    "ltrb_percent": [10, 20, 40, 60],
    "": BOX,
}
"""`BOX` in an image of 100 x 50."""


def boxed(box: list[float], **fields: Any) -> Coco:
    """Return two annotations with one box, which are or declare what `fields` say."""
    return a_coco(
        annotations=[
            an_annotation(1, bbox=box, **fields),
            an_annotation(2, image_id=2, category_id=2, bbox=box, **fields),
        ]
    )


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("place", ["top level", "info", "annotations"])
def test_a_declared_form_of_boxes_is_followed(name: str, place: str) -> None:
    declared: Coco = {"bbox_format": name}
    coco = boxed(FORMS[name], **(declared if place == "annotations" else {}))
    places: dict[str, Coco] = {"top level": declared, "info": {"info": declared}, "annotations": {}}
    coco |= places[place]
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    for image in catalog.images:
        np.testing.assert_allclose(image.boxes, [BOX], atol=1e-6)


def test_the_modes_of_detectron2_are_followed() -> None:
    catalog, findings = read_catalog(boxed([10, 10, 40, 30], bbox_mode=0))
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[0].boxes, [BOX], atol=1e-6)


UNKNOWN: dict[str, Any] = {
    "a turned box": "xywha",
    "an order that is not read": "yxyx",
    "two units": "xyxy_abs_rel",
    "letters of another script": "框",
    "a number": 5,
    "an object": {"x": 1},
    "a list": ["x", "y", "w", "h"],
}


@pytest.mark.parametrize("declared", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_form_that_is_not_known_is_refused_with_those_that_are(declared: Any) -> None:
    _, findings = read_catalog(boxed(BOX) | {"bbox_format": declared})
    assert findings.problem_count == 1
    assert shown(findings)[0].startswith("train.json: declares bbox_format ")
    assert "which is not known; convert the boxes, or declare ltwh, ltrb, cxcywh" in shown(findings)[0]


def test_forms_that_contradict_each_other_are_refused() -> None:
    coco = boxed(BOX)
    coco["annotations"][1]["bbox_format"] = "xyxy"
    _, findings = read_catalog(coco)
    assert shown(findings) == [
        'train.json: declares more than one bbox_format ("xyxy" and nothing); write all boxes in one, and declare it'
    ]


def test_a_box_that_is_wrong_in_the_declared_form_is_shown_as_written() -> None:
    _, findings = read_catalog(boxed([40, 10, 10, 30]) | {"bbox_format": "xyxy"})
    assert shown(findings)[0] == (
        "train.json annotation 1 (image 1): bbox [40, 10, 10, 30]: width and height must be more than 0; "
        "it is read as [left, top, right, bottom]"
    )


def test_tags_of_images_do_not_care_for_the_form_of_boxes() -> None:
    _, findings = read_catalog(boxed(BOX) | {"bbox_format": "xywha"}, kind="imageClassification")
    assert shown(findings) == []


def test_a_unit_after_a_name_counts_for_more_than_the_name() -> None:
    assert read_convention(["yolo_pixels"]) == BoxConvention(BoxShape.CENTER_SIZE, BoxUnit.PIXELS)
    with pytest.raises(UnknownConvention):
        read_convention(["yolo", "coco"])

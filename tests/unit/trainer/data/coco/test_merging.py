"""What good annotation files, in all their dialects, become."""

from typing import Any

import numpy as np
import pytest

from tests.support.coco_builders import Coco, a_coco, an_annotation, an_image, read_catalog, shown, without

BOX = [0.1, 0.2, 0.3, 0.4]
PIXEL_BOX = [10, 10, 30, 20]
"""`BOX` in an image of 100 x 50."""

DIALECTS: dict[str, Coco] = {
    "relative boxes": a_coco(),
    "boxes in pixels": a_coco(
        annotations=[an_annotation(1, bbox=PIXEL_BOX), an_annotation(2, image_id=2, category_id=2, bbox=PIXEL_BOX)]
    ),
    "sizes as floats and an area of nothing": a_coco(
        images=[an_image(1, width=100.0, height=50.0), an_image(2)],
        annotations=[an_annotation(1, area=0.0), an_annotation(2, image_id=2, category_id=2, area="?")],
    ),
    "ids as floats": a_coco(annotations=[an_annotation(1.0), an_annotation(2, image_id=2.0, category_id=2)]),
    "ids from 0 with gaps": {
        "images": [an_image(0, file_name="images/1.png"), an_image(7, file_name="images/2.png")],
        "annotations": [an_annotation(0, image_id=0, category_id=0), an_annotation(9, image_id=7, category_id=5)],
        "categories": [{"id": 5, "name": "pear"}, {"id": 0, "name": "apple"}],
    },
    "relative boxes without sizes": a_coco(images=[without(an_image(number), "width", "height") for number in (1, 2)]),
}


@pytest.mark.parametrize("coco", DIALECTS.values(), ids=DIALECTS.keys())
def test_every_dialect_says_the_same(coco: Coco) -> None:
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    assert catalog.tags == ("apple", "pear")
    assert [image.uri for image in catalog.images] == ["s3://b/images/1.png", "s3://b/images/2.png"]
    assert [image.labels for image in catalog.images] == [(0,), (1,)]
    for image in catalog.images:
        assert image.boxes.dtype == np.float32
        np.testing.assert_allclose(image.boxes, [BOX], atol=1e-6)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        pytest.param([0.5, 0.5, 0.5005, 0.5], [0.5, 0.5, 0.5, 0.5], id="over the right edge by rounding"),
        pytest.param([-0.0005, 0.5, 0.2, 0.5], [0, 0.5, 0.1995, 0.5], id="left of the image by rounding"),
        pytest.param([0, 0, 1, 1], [0, 0, 1, 1], id="the whole image"),
    ],
)
def test_a_box_within_tolerance_is_clipped(box: list[float], clipped: list[float]) -> None:
    catalog, findings = read_catalog(a_coco(annotations=[an_annotation(1, bbox=box)]))
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[0].boxes, [clipped], atol=1e-6)


def test_files_are_merged_by_tag_name_and_keep_their_own_image_ids() -> None:
    more = a_coco(
        images=[an_image(number, file_name=f"more/{number}.png") for number in (1, 2)],
        categories=[{"id": 1, "name": "pear"}, {"id": 2, "name": "plum"}],
    )
    catalog, findings = read_catalog(a_coco(), more)
    assert shown(findings) == []
    assert catalog.tags == ("apple", "pear", "plum")
    assert [image.labels for image in catalog.images] == [(0,), (1,), (1,), (2,)]
    assert [image.image_id for image in catalog.images] == [1, 2, 1, 2]
    assert [(tag.name, tag.images, tag.annotations) for tag in catalog.categories] == [
        ("apple", 1, 1),
        ("pear", 2, 2),
        ("plum", 1, 1),
    ]


def test_problems_name_the_file_that_has_them() -> None:
    _, findings = read_catalog(a_coco(), a_coco(annotations=[an_annotation(3, category_id=8)]))
    assert shown(findings)[0].startswith("more.json annotation 3 (image 1): category_id 8")


def test_tags_follow_their_ids_whatever_the_order_in_the_file() -> None:
    coco = a_coco(categories=[{"id": 2, "name": "pear"}, {"id": 1, "name": "apple"}])
    assert read_catalog(coco)[0].tags == ("apple", "pear")


def test_classification_counts_a_repeated_label_once_and_ignores_boxes() -> None:
    coco = a_coco(
        annotations=[an_annotation(1, bbox=[9, 9]), an_annotation(2), an_annotation(3, image_id=2, category_id=2)]
    )
    catalog, findings = read_catalog(coco, kind="imageClassification")
    assert shown(findings) == []
    assert [image.labels for image in catalog.images] == [(0,), (1,)]
    assert all(image.boxes.shape == (0, 4) for image in catalog.images)


def test_multilabel_images_may_have_several_labels_or_none() -> None:
    coco = a_coco(annotations=[an_annotation(1), an_annotation(2, category_id=2)])
    catalog, findings = read_catalog(coco, kind="imageMultilabelClassification")
    assert shown(findings) == []
    assert [image.labels for image in catalog.images] == [(0, 1), ()]


def test_detection_images_without_objects_are_kept() -> None:
    catalog, findings = read_catalog(a_coco(annotations=[an_annotation(1), an_annotation(2, category_id=2)]))
    assert shown(findings) == []
    assert [image.labels for image in catalog.images] == [(0, 1), ()]
    assert catalog.images[1].boxes.shape == (0, 4)


WARNINGS: dict[str, tuple[Coco, str]] = {
    "a tag without image": (
        a_coco(categories=[*a_coco()["categories"], {"id": 3, "name": "plum"}]),
        "category 'plum' has no image; training needs at least 2 to learn it",
    ),
    "a tag with one image": (a_coco(), "category 'apple' has one image only; training needs at least 2 to learn it"),
    "two ids for one tag": (
        a_coco(categories=[{"id": 1, "name": "apple"}, {"id": 2, "name": "apple"}]),
        "train.json category 'apple' name occurs 2 times; they count as one tag",
    ),
    "one file twice": (
        a_coco(images=[an_image(1), an_image(2, file_name="images/1.png")]),
        "train.json image 2 (images/1.png) is the same file as train.json image 1 (images/1.png); both are read as "
        "one image with the annotations of both",
    ),
}


@pytest.mark.parametrize(("coco", "warning"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_is_odd_but_usable_is_a_warning(coco: Coco, warning: str) -> None:
    _, findings = read_catalog(coco)
    assert shown(findings) == []
    assert warning in [f"{noted.subject} {noted.message}" for noted in findings.advice]


def test_a_long_subject_is_shortened_to_what_a_status_holds() -> None:
    long: Any = "x" * 2000 + ".png"
    _, findings = read_catalog(a_coco(images=[an_image(1), an_image(2, file_name="../" + long)]))
    assert all(len(problem.subject) <= 512 and len(problem.message) <= 512 for problem in findings.problems)

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


def test_images_whose_labels_nobody_has_accepted_stay_apart() -> None:
    reviews = {1: {}, 2: {"review": "pending"}, 3: {"review": "rejected"}, 4: {"review": "accepted"}}
    coco = a_coco(
        images=[an_image(number, **fields) for number, fields in reviews.items()],
        annotations=[an_annotation(number, image_id=number) for number in (1, 2, 3)],
    )
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    assert [(image.image_id, image.labels) for image in catalog.images] == [(1, (0,)), (4, ())]
    assert [(image.image_id, image.labels) for image in catalog.unreviewed] == [(2, ()), (3, ())]
    assert catalog.annotations == 1
    assert [category.images for category in catalog.categories] == [1, 0]


def test_an_image_that_another_file_labels_does_not_wait_for_a_review() -> None:
    proposals = a_coco(images=[an_image(1, review="pending"), an_image(3, review="pending")], annotations=[])
    catalog, findings = read_catalog(a_coco(), proposals)
    assert shown(findings) == []
    assert [image.image_id for image in catalog.images] == [1, 2]
    assert [image.image_id for image in catalog.unreviewed] == [3]
    assert [advice.issue for advice in findings.advice if advice.issue == "exactDuplicate"] == []


def test_a_file_of_proposals_alone_is_refused() -> None:
    proposals = a_coco(images=[an_image(number, review="pending") for number in (1, 2)])
    assert shown(read_catalog(proposals)[1]) == [
        "dataset fruit: has no image that a person has labelled: all 2 wait for a review or were rejected"
    ]


def test_an_image_to_label_by_hand_needs_no_tag_yet() -> None:
    coco = a_coco(images=[an_image(1), an_image(2), an_image(3, review="pending"), an_image(4, review="rejected")])
    catalog, findings = read_catalog(coco, kind="imageClassification")
    assert shown(findings) == []
    assert [image.image_id for image in catalog.unreviewed] == [3, 4]
    coco["images"][2]["review"] = "accepted"
    assert shown(read_catalog(coco, kind="imageClassification")[1]) == [
        "train.json image 3 (images/3.png): has no annotation; imageClassification needs one label per image: "
        'give it one, or write "review": "pending" in its entry until somebody has'
    ]


def test_a_review_of_another_word_says_nothing() -> None:
    words: tuple[Any, ...] = ("later", 1, None, ["pending"])
    images = [an_image(number, review=word) for number, word in enumerate(words, start=1)]
    catalog, findings = read_catalog(a_coco(images=images))
    assert shown(findings) == []
    assert [image.review for image in catalog.images] == [None] * 4

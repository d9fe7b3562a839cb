"""What an image of a project teaches, by its tags and regions."""

import math
from typing import Any

import pytest

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_migrate.answers import ImageRegion, ServedImage, Tag
from darkroom_migrate.labels import Box, Labels, Use, build_tag_book, cut_box, read_labels
from tests.unit.migrate.recorded_projects import APPLE, NEGATIVE, PEAR, Json, a_region, a_tag, an_id, an_image

BOOK = build_tag_book(
    Tag.model_validate(tag)
    for tag in (a_tag(PEAR, "pear"), a_tag(NEGATIVE, "Negative", "Negative"), a_tag(APPLE, "apple"))
)
ONE, MANY, BOXES = AnnotationKind.CLASSIFICATION, AnnotationKind.MULTILABEL, AnnotationKind.DETECTION
WHOLE = a_region(APPLE, 0, 0, 1, 1)
EMPTY = a_region(APPLE, 0.5, 0.5, 0, 0.5)


def test_tags_are_numbered_by_name_without_the_negative_one() -> None:
    assert BOOK.names == ("apple", "pear")
    assert BOOK.numbers == {APPLE: 1, PEAR: 2}


IMAGES: dict[str, tuple[AnnotationKind, Json, Labels]] = {
    "one tag": (ONE, an_image(1, PEAR), Labels(Use.TRAINING, (2,))),
    "the same tag twice": (ONE, an_image(1, PEAR, PEAR), Labels(Use.TRAINING, (2,))),
    "no tag": (ONE, an_image(1), Labels(Use.UNLABELLED)),
    "tags that are null": (ONE, an_image(1, tags=None), Labels(Use.UNLABELLED)),
    "only the Negative tag, where every image has one": (ONE, an_image(1, NEGATIVE), Labels(Use.LEFT_OUT)),
    "the Negative tag beside another": (ONE, an_image(1, NEGATIVE, APPLE), Labels(Use.TRAINING, (1,))),
    "regions in a project of tags": (ONE, an_image(1, PEAR, regions=[WHOLE]), Labels(Use.TRAINING, (2,))),
    "two tags of any number": (MANY, an_image(1, PEAR, APPLE), Labels(Use.TRAINING, (1, 2))),
    "the Negative tag of any number": (MANY, an_image(1, NEGATIVE), Labels(Use.TRAINING)),
    "a box": (BOXES, an_image(1, APPLE, regions=[WHOLE]), Labels(Use.TRAINING, (1,), ((0.0, 0.0, 1.0, 1.0),))),
    "a box whose tag is not repeated": (
        BOXES, an_image(1, regions=[WHOLE]), Labels(Use.TRAINING, (1,), ((0.0, 0.0, 1.0, 1.0),))),
    "no box, and the Negative tag": (BOXES, an_image(1, NEGATIVE, regions=[]), Labels(Use.TRAINING)),
    "a box with the Negative tag": (BOXES, an_image(1, regions=[a_region(NEGATIVE, 0, 0, 1, 1)]), Labels(Use.TRAINING)),
    "no box and no tag": (BOXES, an_image(1, regions=None), Labels(Use.UNLABELLED)),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "image", "labels"), IMAGES.values(), ids=IMAGES)
def test_labels_are_read_as_the_kind_of_project_means_them(kind: AnnotationKind, image: Json, labels: Labels) -> None:
    assert read_labels(an_answer(image), kind, BOOK) == labels


REMARKS: dict[str, tuple[AnnotationKind, Json, Use, str]] = {
    "two tags where one is taken": (ONE, an_image(1, PEAR, APPLE), Use.UNLABELLED, "has 2 tags ('apple', 'pear')"),
    "a tag that the project has not": (ONE, an_image(1, an_id(99)), Use.UNLABELLED, "is none of the project's"),
    "a region of such a tag": (
        BOXES, an_image(1, regions=[WHOLE, a_region("x", 0, 0, 1, 1)]), Use.UNLABELLED, "its tag 'x' is none"),
    "a tag without a region": (BOXES, an_image(1, APPLE), Use.UNLABELLED, "has a tag and no region"),
    "one empty region of two": (
        BOXES, an_image(1, regions=[WHOLE, EMPTY]), Use.TRAINING, f"region '{an_id(70)}' has no area"),
    "empty regions alone, which is not an image of nothing": (
        BOXES, an_image(1, regions=[EMPTY]), Use.UNLABELLED, "has no area inside the image"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "image", "use", "said"), REMARKS.values(), ids=REMARKS)
def test_what_is_not_taken_as_it_is_has_a_remark(kind: AnnotationKind, image: Json, use: Use, said: str) -> None:
    labels = read_labels(an_answer(image), kind, BOOK)
    assert labels.use is use
    assert [said in remark for remark in labels.remarks] == [True]


BOX_CASES: dict[str, tuple[tuple[Any, Any, Any, Any], Box | None]] = {
    "inside": ((0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.3, 0.4)),
    "whole numbers": ((0, 0, 1, 1), (0.0, 0.0, 1.0, 1.0)),
    "over the left and the lower edge": ((-0.25, 0.5, 0.5, 1), (0.0, 0.5, 0.25, 0.5)),
    "around everything": ((-1, -1, 5, 5), (0.0, 0.0, 1.0, 1.0)),
    "outside": ((1.5, 0, 0.5, 1), None),
    "above": ((0, -0.5, 1, 0.5), None),
    "no width": ((0.5, 0, 0, 1), None),
    "a negative height": ((0, 0.5, 1, -0.25), None),
    "not a number": ((math.nan, 0, 0.5, 0.5), None),
    "endless": ((0, 0, math.inf, 1), None),
    "larger than any float": ((0, 0, 10**400, 1), None),
    "text": (("0.1", 0, 0.5, 0.5), None),
    "nothing": ((None, 0, 0.5, 0.5), None),
    "true": ((True, 0, 0.5, 0.5), None),
}


@pytest.mark.parametrize(("numbers", "box"), BOX_CASES.values(), ids=BOX_CASES)
def test_a_box_is_cut_at_the_edges_or_is_none(numbers: tuple[Any, Any, Any, Any], box: Box | None) -> None:
    assert cut_box(ImageRegion.model_validate(a_region(APPLE, *numbers))) == box


def an_answer(image: Json) -> ServedImage:
    return ServedImage.model_validate({"originalImageUri": "https://example.org/a", **image})

"""Annotation files of thousands of tags."""

import pathlib

import numpy as np

from darkroom_trainer.data.records.dataset import Example, no_boxes
from darkroom_trainer.data.records.findings import Issue
from darkroom_trainer.data.splitting import split_rows
from tests.support.coco_builders import Coco, a_coco, an_annotation, an_image, read_catalog, shown

TAGS, IMAGES = 2_000, 6_000


def a_big_coco(tags: int) -> Coco:
    return a_coco(
        images=[an_image(n) for n in range(IMAGES)],
        annotations=[an_annotation(n, image_id=n, category_id=n % tags) for n in range(IMAGES)],
        categories=[{"id": n, "name": f"tag {n}"} for n in range(tags)],
    )


def test_two_thousand_tags_are_read_counted_and_split_with_each_on_both_sides() -> None:
    catalog, findings = read_catalog(a_big_coco(TAGS), kind="imageClassification")
    assert shown(findings) == []
    assert {(tag.images, tag.annotations) for tag in catalog.categories} == {(3, 3)}
    assert findings.advice_counts == {Issue.RARE_TAG: TAGS}
    path = pathlib.Path("none")
    examples = [Example(image.image_id, "", path, 9, 9, image.labels, no_boxes()) for image in catalog.images]
    train, held_out = split_rows(examples, np.arange(IMAGES), 0, by_label=True)
    assert {examples[row].labels[0] for row in train} == {examples[row].labels[0] for row in held_out}
    assert (len(train), len(held_out)) == (2 * TAGS, TAGS)


def test_a_tag_more_is_refused() -> None:
    _, findings = read_catalog(a_big_coco(TAGS + 1), kind="imageClassification")
    assert shown(findings) == ["dataset fruit: has 2,001 categories, imageClassification takes 2 to 2,000"]

"""Datasets at the limits: thousands of tags, a hundred thousand images, frequent advice."""

import pathlib

import numpy as np
import pytest

from bench.data.big_sets import MAX_BYTES, measure
from darkroom_trainer.data.inspection.summary import choose_advice
from darkroom_trainer.data.records.dataset import Example, no_boxes
from darkroom_trainer.data.records.findings import MAX_KEPT_OF_A_KIND, Findings, Issue
from darkroom_trainer.data.splitting import split_rows
from tests.unit.data.coco_builders import Coco, a_coco, an_annotation, an_image, read_catalog, shown

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


def test_frequent_advice_leaves_room_for_other_advice_and_is_counted() -> None:
    findings = Findings()
    for number in range(3 * MAX_KEPT_OF_A_KIND):
        findings.advise(Issue.TINY_BOX, f"image {number}", "has tiny boxes", (number,), 0.5)
    findings.advise(Issue.DARK, "image 7", "is very dark", (7,), 0.1)
    assert findings.advice_counts == {Issue.TINY_BOX: 3 * MAX_KEPT_OF_A_KIND, Issue.DARK: 1}
    assert len(findings.advice) == MAX_KEPT_OF_A_KIND + 1
    assert [entry.issue for entry in choose_advice(findings.advice, 3)] == ["tinyBox", "dark", "tinyBox"]


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        pytest.param(500, "imageObjectDetection", id="500 images with boxes"),
        pytest.param(100_000, "imageObjectDetection", marks=pytest.mark.extended, id="100,000 images with boxes"),
        pytest.param(100_000, "imageMultilabelClassification", marks=pytest.mark.extended, id="100,000 with ten tags"),
    ],
)
def test_a_set_of_many_images_is_loaded_and_split_in_bounded_memory(images: int, kind: str) -> None:
    found = measure(images, kind)
    assert (found["images"], found["annotations"], found["tags"]) == (images, 10 * images, 2_000)
    assert (found["train"] + found["truths"], found["middle"]) == (images, 24.0)
    assert found["truths"] == pytest.approx(0.2 * images, rel=0.1)
    assert found["peak_bytes"] <= MAX_BYTES

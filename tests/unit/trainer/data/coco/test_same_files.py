"""Several entries of images that name one file."""

from typing import Any

import numpy as np
import pytest

from darkroom_trainer.data.coco import same_files
from darkroom_trainer.data.records.findings import Findings, Issue
from tests.support.coco_builders import Coco, a_coco, an_annotation, an_image, read_catalog, shown

BOX, OTHER = [0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.2, 0.2]


def twice(*annotations: Coco, **second: Any) -> Coco:
    """Return two entries of images/1.png, ids 1 and 2, of which `second` changes the latter."""
    return a_coco(images=[an_image(1), an_image(2, file_name="images/1.png", **second)], annotations=list(annotations))


def told(findings: Findings) -> list[str]:
    return [f"{one.subject} {one.message}" for one in findings.advice if one.issue is Issue.EXACT_DUPLICATE]


def test_two_entries_of_one_file_are_one_image_with_the_objects_of_both() -> None:
    coco = twice(an_annotation(1, bbox=BOX), an_annotation(2, image_id=2, category_id=2, bbox=OTHER))
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    assert [(image.image_id, image.labels) for image in catalog.images] == [(1, (0, 1))]
    np.testing.assert_allclose(catalog.images[0].boxes, [BOX, OTHER], atol=1e-6)
    assert told(findings) == [
        "train.json image 2 (images/1.png) is the same file as train.json image 1 (images/1.png); both are read as "
        "one image with the annotations of both"
    ]


def test_a_box_that_both_entries_have_counts_once() -> None:
    coco = twice(
        an_annotation(1), an_annotation(2, image_id=2), an_annotation(3, image_id=2, category_id=2, bbox=OTHER)
    )
    catalog, findings = read_catalog(coco)
    assert catalog.images[0].labels == (0, 1)
    assert (catalog.annotations, catalog.repeated) == (2, 1)
    assert [(tag.images, tag.annotations) for tag in catalog.categories] == [(1, 1), (1, 1)]
    assert told(findings)[0].endswith("with the annotations of both, 1 of which were there already")


def test_a_box_that_one_entry_has_twice_stays_twice() -> None:
    catalog, _ = read_catalog(twice(an_annotation(1), an_annotation(2)))
    assert catalog.images[0].labels == (0, 0)


def test_crowds_of_all_entries_are_kept() -> None:
    coco = twice(an_annotation(1, iscrowd=1), an_annotation(2, image_id=2), an_annotation(3, image_id=2, iscrowd=1))
    crowd = read_catalog(coco)[0].images[0].crowd
    assert crowd is not None
    assert crowd.labels == (0, 0)
    assert crowd.boxes.shape == (2, 4)


def test_one_file_in_two_annotation_files_is_one_image() -> None:
    first = a_coco(images=[an_image(1)], annotations=[an_annotation(1)])
    second = a_coco(
        images=[an_image(5, file_name="images/1.png")], annotations=[an_annotation(1, image_id=5, bbox=OTHER)]
    )
    catalog, findings = read_catalog(first, second)
    assert shown(findings) == []
    assert [image.labels for image in catalog.images] == [(0, 0)]
    assert told(findings)[0].startswith("more.json image 5 (images/1.png) is the same file as train.json image 1 ")


def test_tags_of_all_entries_are_taken_together() -> None:
    catalog, findings = read_catalog(
        twice(an_annotation(1), an_annotation(2, image_id=2, category_id=2)), kind="imageMultilabelClassification"
    )
    assert shown(findings) == []
    assert [image.labels for image in catalog.images] == [(0, 1)]


def test_entries_of_different_size_are_refused() -> None:
    pixels = [10, 10, 30, 20]
    coco = twice(an_annotation(1, bbox=pixels), an_annotation(2, image_id=2, bbox=pixels), width=200)
    _, findings = read_catalog(coco)
    assert shown(findings) == [
        "train.json image 2 (images/1.png): is the same file as train.json image 1 (images/1.png) but is declared as "
        "200 x 50, there as 100 x 50; give both the real size, or remove one"
    ]


def test_sizes_do_not_matter_to_relative_boxes() -> None:
    catalog, findings = read_catalog(twice(an_annotation(1), an_annotation(2, image_id=2, bbox=OTHER), width=200))
    assert (shown(findings), len(catalog.images)) == ([], 1)


def test_entries_of_different_tags_are_refused_where_an_image_has_one() -> None:
    coco = twice(an_annotation(1), an_annotation(2, image_id=2, category_id=2))
    _, findings = read_catalog(coco, kind="imageClassification")
    assert shown(findings) == [
        "train.json image 2 (images/1.png): is the same file as train.json image 1 (images/1.png) but is tagged "
        "'pear', not 'apple'; imageClassification takes one tag per image: remove one entry"
    ]


def test_entries_of_the_same_tag_are_one_image() -> None:
    annotations = [an_annotation(1), an_annotation(2, image_id=2), an_annotation(3, image_id=3, category_id=2)]
    coco = twice(*annotations)
    coco["images"].append(an_image(3))
    catalog, findings = read_catalog(coco, kind="imageClassification")
    assert shown(findings) == []
    assert [image.labels for image in catalog.images] == [(0,), (1,)]


def test_more_regions_than_an_image_may_have_are_refused_over_all_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_files, "MAX_REGIONS", 1)
    _, findings = read_catalog(twice(an_annotation(1), an_annotation(2, image_id=2, bbox=OTHER)))
    assert shown(findings) == ["train.json image 1 (images/1.png): has 2 regions in 2 entries, at most 1 are taken"]

"""What must hold for a dataset as a whole: crowds, single tags, groups, names that look alike."""

from typing import Any

import pytest

from darkroom_trainer.data.coco.totals import ADVISED_IMAGES_PER_TAG
from darkroom_trainer.data.records.findings import Findings, Issue
from tests.support.coco_builders import Coco, a_coco, an_annotation, an_image, read_catalog, shown

COUNT = 2 * ADVISED_IMAGES_PER_TAG


def a_set(*names: str, **fields: Any) -> Coco:
    """Return images with one box each of `names` in turn; `fields` go into every annotation."""
    return a_coco(
        images=[an_image(n) for n in range(COUNT)],
        annotations=[an_annotation(n, image_id=n, category_id=n % len(names), **fields) for n in range(COUNT)],
        categories=[{"id": number, "name": name} for number, name in enumerate(names)],
    )


def told(findings: Findings) -> list[str]:
    return [f"{entry.subject} {entry.message}" for entry in findings.advice]


def test_a_dataset_of_crowds_alone_is_refused() -> None:
    _, findings = read_catalog(a_set("apple", "pear", iscrowd=1))
    assert shown(findings) == [
        "dataset fruit: all 10 annotations are marked as crowds (iscrowd 1), which are not learned; set iscrowd to 0 "
        "where one is around one object"
    ]


def test_crowds_among_objects_are_counted_and_told() -> None:
    coco = a_set("apple")
    for row in (2, 5, 7):
        coco["annotations"][row]["iscrowd"] = 1
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    assert catalog.annotations == 7
    crowds = [entry for entry in findings.advice if entry.issue is Issue.CROWD]
    assert [(entry.subject, entry.images) for entry in crowds] == [("dataset fruit", (2, 5, 7))]
    assert crowds[0].message.startswith("3 of 10 annotations are marked as crowds (iscrowd 1), which are not learned;")


def test_a_tag_without_images_is_told_that_its_annotations_are_crowds() -> None:
    coco = a_set("apple", "pear")
    for annotation in coco["annotations"][1::2]:
        annotation["iscrowd"] = 1
    assert any(
        line.startswith("category 'pear' has no image;") and "5 of its annotations are marked as crowds" in line
        for line in told(read_catalog(coco)[1])
    )


def test_crowds_mean_nothing_to_tags_of_images() -> None:
    catalog, findings = read_catalog(a_set("apple", "pear", iscrowd=1), kind="imageClassification")
    assert (shown(findings), told(findings), catalog.annotations) == ([], [], COUNT)


GROUP = {"id": 9, "name": "fruit", "supercategory": "none"}


def grouped(*names: str) -> Coco:
    coco = a_set(*names)
    for category in coco["categories"]:
        category["supercategory"] = "fruit"
    coco["categories"].append(GROUP)
    return coco


def test_an_empty_category_that_others_name_as_theirs_is_no_tag() -> None:
    catalog, findings = read_catalog(grouped("apple", "pear"))
    assert shown(findings) == []
    assert catalog.tags == ("apple", "pear")
    assert told(findings) == [
        "train.json category 'fruit' is the supercategory of others and has no annotation: it counts as their group, "
        "not as a tag"
    ]


def test_a_group_of_the_name_of_its_tag_is_no_second_tag() -> None:
    coco = a_set("fruit")
    coco["categories"] = [{"id": 0, "name": "fruit", "supercategory": "fruit"}, {**GROUP, "name": "fruit"}]
    catalog, findings = read_catalog(coco)
    assert catalog.tags == ("fruit",)
    assert [line for line in told(findings) if "name occurs" in line] == []


@pytest.mark.parametrize("change", ["annotated", "named by itself", "named by nobody"])
def test_other_categories_stay_tags(change: str) -> None:
    coco = grouped("apple", "pear")
    if change == "annotated":
        coco["annotations"][0]["category_id"] = 9
    else:
        for category in coco["categories"]:
            category["supercategory"] = category["name"] if change == "named by itself" else "none"
    catalog, _ = read_catalog(coco)
    assert catalog.tags == ("apple", "pear", "fruit")


def test_a_group_leaves_a_classifier_with_a_single_tag_which_is_refused() -> None:
    _, findings = read_catalog(grouped("apple"), kind="imageClassification")
    assert shown(findings) == [
        "dataset fruit: a classifier needs two tags that have images, and only 'apple' has; add images of another one"
    ]


def test_images_of_one_tag_only_are_told_since_they_may_be_there_to_measure_on() -> None:
    coco = a_set("apple")
    coco["categories"].append({"id": 5, "name": "pear"})
    _, findings = read_catalog(coco, kind="imageClassification")
    assert shown(findings) == []
    assert told(findings)[0].startswith("dataset fruit a classifier needs two tags that have images, and only 'apple'")


ALIKE: dict[str, tuple[str, str]] = {
    "case": ("Nut", "nut"),
    "a blank at the end": ("bolt", "bolt "),
    "two blanks within": ("hex  nut", "hex nut"),
    "Unicode form": ("caf\u00e9", "cafe\u0301"),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_tags_that_look_alike_are_told_and_stay_two(one: str, other: str) -> None:
    catalog, findings = read_catalog(a_set(one, other))
    assert shown(findings) == []
    assert catalog.tags == (one, other)
    assert told(findings) == [
        f"category {one!r} differs from {other!r} by case, blanks or Unicode form only; they are learned as different "
        "tags: rename them where they mean the same"
    ]


def test_tags_that_look_alike_in_two_files_are_told_as_well() -> None:
    second = a_set("NUT")
    for image in second["images"]:
        image["file_name"] = f"more/{image['id']}.png"
    assert told(read_catalog(a_set("nut"), second)[1])[0].startswith("category 'nut' differs from 'NUT' by case")

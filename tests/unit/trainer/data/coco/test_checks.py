"""Every way in which an annotation file can be wrong, with the message that its user reads."""

from typing import Any

import pytest

from darkroom_trainer.data.records.findings import MAX_KEPT, Findings
from tests.support.coco_builders import a_coco, an_annotation, an_image, read_catalog, shown, without

NAN = float("nan")


def boxed(*box: Any) -> dict[str, Any]:
    return a_coco(annotations=[an_annotation(1, bbox=list(box)), an_annotation(2, image_id=2)])


def classified(*annotations: dict[str, Any]) -> dict[str, Any]:
    return a_coco(annotations=[without(annotation, "bbox") for annotation in annotations])


DETECTION_CASES = {
    "a file that is cut off": (
        '{"images": [',
        "train.json: is not JSON: Expecting value at line 1, column 13",
    ),
    "a file that is not text": (b'{"a": "\xff"}', "train.json: is not JSON: it is not valid utf-8 text at byte 7"),
    "an empty file": (b"", "train.json: is not JSON: Expecting value at line 1, column 1"),
    "a list at the top": ("[]", "train.json: is not a COCO file: the top level must be an object"),
    "no categories": (without(a_coco(), "categories"), "train.json: is not a COCO file: categories is missing"),
    "images that are no list": (a_coco(images={}), "train.json: is not a COCO file: images must be a list"),
    "nesting without end": ("[" * 100_000, "train.json: is not JSON that can be read"),
    "an image that is no object": (
        a_coco(images=[an_image(1), an_image(2), "a.png"]),
        'train.json images[2]: must be an object, "a.png" found',
    ),
    "an image without id": (
        a_coco(images=[an_image(1), an_image(2), without(an_image(3), "id")]),
        "train.json images[2]: id is missing",
    ),
    "an image id that is half a number": (
        a_coco(images=[an_image(1), an_image(2), an_image(0.5)]),
        "train.json images[2]: id must be a whole number or text, 0.5 found",
    ),
    "an id that is true": (
        a_coco(images=[an_image(1), an_image(2), an_image(True)]),
        "train.json images[2]: id must be a whole number or text, true found",
    ),
    "an id beyond 256 bits": (
        a_coco(annotations=[an_annotation(2**300)]),
        "train.json annotations[0]: id must be a whole number or text, 20370359763344860862684456884093781610514683936",
    ),
    "an image without any address": (
        a_coco(images=[an_image(1), an_image(2), without(an_image(3), "file_name")]),
        "train.json image 3: has no file_name, absolute_url or coco_url",
    ),
    "a file_name that is a number": (
        a_coco(images=[an_image(1), an_image(2), an_image(3, file_name=7)]),
        "train.json image 3: file_name must be text, 7 found",
    ),
    "an image id twice": (
        a_coco(images=[an_image(1), an_image(2), an_image(2, file_name="c.png")]),
        "train.json image 2: id occurs 2 times; image ids must differ",
    ),
    "an annotation id twice": (
        a_coco(annotations=[an_annotation(7), an_annotation(7, image_id=2)]),
        "train.json annotation 7: id occurs 2 times; annotation ids must differ",
    ),
    "a category id twice": (
        a_coco(categories=[{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}, {"id": 2, "name": "plum"}]),
        "train.json category 2: id occurs 2 times; category ids must differ",
    ),
    "a category without name": (
        a_coco(categories=[{"id": 1, "name": "apple"}, {"id": 2}]),
        "train.json category 2: name must be text that is not empty, nothing found",
    ),
    "a blank category name": (
        a_coco(categories=[{"id": 1, "name": "apple"}, {"id": 2, "name": " "}]),
        'train.json category 2: name must be text that is not empty, " " found',
    ),
    "a category name without end": (
        a_coco(categories=[{"id": 1, "name": "apple"}, {"id": 2, "name": "x" * 300}]),
        "train.json category 2: name has 300 characters, at most 256 are taken",
    ),
    "an annotation without image_id": (
        a_coco(annotations=[an_annotation(1), without(an_annotation(5), "image_id")]),
        "train.json annotation 5: image_id is missing",
    ),
    "an annotation without id": (
        a_coco(annotations=[an_annotation(1), without(an_annotation(5), "id")]),
        "train.json annotations[1]: id is missing",
    ),
    "an annotation that is no object": (
        a_coco(annotations=[an_annotation(1), 5]),
        "train.json annotations[1]: must be an object, 5 found",
    ),
    "an unknown category": (
        a_coco(annotations=[an_annotation(4, category_id=9)]),
        "train.json annotation 4 (image 1): category_id 9 is not in categories",
    ),
    "an unknown image": (
        a_coco(annotations=[an_annotation(4, image_id=9)]),
        "train.json annotation 4: image_id 9 is not in images",
    ),
    "no box": (
        a_coco(annotations=[without(an_annotation(4), "bbox")]),
        "train.json annotation 4 (image 1): has no bbox; object detection needs",
    ),
    "a box of three numbers": (boxed(0.1, 0.2, 0.3), "train.json annotation 1: bbox must be four numbers"),
    "a box of text": (boxed("0.1", 0.2, 0.3, 0.4), "train.json annotation 1: bbox must be four numbers"),
    "a box that is no list": (
        a_coco(annotations=[an_annotation(3, bbox={"x": 1})]),
        'train.json annotation 3: bbox must be four numbers [left, top, width, height], {"x": 1} found',
    ),
    "a box that is not a number": (
        boxed(0.1, NAN, 0.3, 0.4),
        "train.json annotation 1 (image 1): bbox [0.1, nan, 0.3, 0.4]: holds a number that is not finite",
    ),
    "a negative width": (
        boxed(0.5, 0.5, -0.1, 0.2),
        "train.json annotation 1 (image 1): bbox [0.5, 0.5, -0.1, 0.2]: width and height must be more than 0",
    ),
    "a box without height": (
        boxed(0.5, 0.5, 0.1, 0),
        "train.json annotation 1 (image 1): bbox [0.5, 0.5, 0.1, 0]: width and height must be more than 0",
    ),
    "a relative box over the right edge": (
        boxed(0.7, 0.1, 0.5, 0.2),
        "train.json annotation 1 (image 1): bbox [0.7, 0.1, 0.5, 0.2] reaches outside the image",
    ),
    "a box left of the image": (
        boxed(-0.2, 0.1, 0.5, 0.2),
        "train.json annotation 1 (image 1): bbox [-0.2, 0.1, 0.5, 0.2] reaches outside the image",
    ),
    "a box in pixels over the bottom": (
        a_coco(annotations=[an_annotation(1, bbox=[10, 40, 20, 20]), an_annotation(2, bbox=[1, 2, 30, 40])]),
        "train.json annotation 1 (image 1): bbox [10, 40, 20, 20] reaches outside the image",
    ),
    "boxes in pixels of an image without width": (
        a_coco(
            images=[without(an_image(1), "width"), an_image(2)],
            annotations=[an_annotation(1, bbox=[10, 10, 20, 20])],
        ),
        "train.json image 1 (images/1.png): has no usable width and height, which boxes in pixels need",
    ),
    "more than a thousand regions": (
        a_coco(annotations=[an_annotation(number) for number in range(1, 1003)]),
        "train.json image 1: has 1,002 regions, at most 1,000 are taken",
    ),
    "a file name that climbs": (
        a_coco(images=[an_image(1), an_image(2, file_name="../../etc/passwd")]),
        "train.json image 2 (../../etc/passwd): address '../../etc/passwd' leaves its folder with ..",
    ),
    "no images": (a_coco(images=[], annotations=[]), "dataset fruit: has no images"),
    "no categories at all": (
        a_coco(categories=[], annotations=[]),
        "dataset fruit: has 0 categories, imageObjectDetection takes 1 to 2,000",
    ),
    "no annotations": (a_coco(annotations=[]), "dataset fruit: has no annotation at all"),
}

CLASSIFICATION_CASES = {
    "two labels in a multiclass image": (
        classified(an_annotation(1), an_annotation(2, category_id=2), an_annotation(3, image_id=2)),
        "train.json image 1 (images/1.png): has 2 labels ('apple', 'pear'); imageClassification takes one per image",
    ),
    "an image without label": (
        classified(an_annotation(1)),
        "train.json image 2 (images/2.png): has no annotation; imageClassification needs one label per image: "
        'give it one, or write "review": "pending" in its entry until somebody has',
    ),
    "one category only": (
        a_coco(
            categories=[{"id": 1, "name": "apple"}],
            annotations=[without(an_annotation(number, image_id=number), "bbox") for number in (1, 2)],
        ),
        "dataset fruit: a classifier needs two tags that have images, and only 'apple' has; add images of another one",
    ),
}


@pytest.mark.parametrize(("text", "message"), DETECTION_CASES.values(), ids=DETECTION_CASES.keys())
def test_detection_data_with_one_mistake_is_refused_by_name(text: Any, message: str) -> None:
    _, findings = read_catalog(text)
    assert [line for line in shown(findings) if line.startswith(message)], shown(findings)


@pytest.mark.parametrize(("text", "message"), CLASSIFICATION_CASES.values(), ids=CLASSIFICATION_CASES.keys())
def test_classification_data_with_one_mistake_is_refused_by_name(text: Any, message: str) -> None:
    _, findings = read_catalog(text, kind="imageClassification")
    assert [line for line in shown(findings) if line.startswith(message)], shown(findings)


@pytest.mark.parametrize(
    "text", [case[0] for name, case in DETECTION_CASES.items() if name.startswith("a ")], ids=lambda _: ""
)
def test_one_mistake_is_told_once(text: Any) -> None:
    _, findings = read_catalog(text)
    assert findings.problem_count == 1, shown(findings)


def test_all_mistakes_are_told_together() -> None:
    coco = a_coco(
        annotations=[an_annotation(1, category_id=9), an_annotation(2, image_id=8), an_annotation(3, bbox=[0, 0, 2, 1])]
    )
    _, findings = read_catalog(coco)
    assert findings.problem_count == 3


def test_a_mistake_in_every_line_is_counted_but_not_kept() -> None:
    findings = Findings()
    for number in range(MAX_KEPT + 5):
        findings.add(f"annotation {number}", "is wrong")
    assert (findings.problem_count, len(findings.problems)) == (MAX_KEPT + 5, MAX_KEPT)


def test_one_wrong_box_does_not_turn_a_relative_file_into_pixels() -> None:
    coco = a_coco(
        annotations=[an_annotation(number) for number in range(9)] + [an_annotation(9, bbox=[0.5, 0.5, 7, 1])]
    )
    _, findings = read_catalog(coco)
    assert shown(findings)[0].startswith("train.json annotation 9 (image 1): bbox [0.5, 0.5, 7, 1] reaches outside")

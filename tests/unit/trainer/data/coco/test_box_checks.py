"""Boxes that are not quite what they should be: over the edge, in percent, turned, in another shape."""

from typing import Any

import numpy as np
import pytest

from darkroom_trainer.data.coco.box_checks import TOLERANCE
from darkroom_trainer.data.records.findings import Findings, Issue
from tests.support.coco_builders import Coco, a_coco, an_annotation, an_image, read_catalog, shown, without


def in_pixels(*boxes: list[float], size: tuple[int, int] = (160, 120), **fields: Any) -> Coco:
    """Return images of `size` pixels with one box each, the first of which is one of a usual file."""
    numbers = range(1, len(boxes) + 2)
    images = [an_image(number, width=size[0], height=size[1]) for number in numbers]
    marked = [an_annotation(1, bbox=[20, 20, 110, 60])]
    marked += [an_annotation(n, image_id=n, bbox=box, **fields) for n, box in enumerate(boxes, start=2)]
    return a_coco(images=images, annotations=marked)


def a_row(count: int) -> list[list[float]]:
    """Return as many usual boxes."""
    return [[10, 10, 20, 20]] * count


def told(findings: Findings, issue: Issue = Issue.BOX_FORM) -> list[str]:
    """Return the advice of a kind as lines."""
    return [f"{entry.subject}: {entry.message}" for entry in findings.advice if entry.issue is issue]


CUT: dict[str, tuple[list[float], list[float]]] = {
    "one pixel over the right edge": ([131, 10, 30, 30], [131, 10, 29, 30]),
    "one pixel over the bottom": ([10, 91, 30, 30], [10, 91, 30, 29]),
    "one pixel left of the image": ([-1, 10, 30, 30], [0, 10, 29, 30]),
    "half a pixel over two edges": ([130.5, 90.5, 30, 30], [130.5, 90.5, 29.5, 29.5]),
    "by rounding": ([131, 10, 29.01, 30], [131, 10, 29, 30]),
}


@pytest.mark.parametrize(("box", "cut"), CUT.values(), ids=CUT.keys())
def test_a_box_over_the_edge_by_up_to_a_pixel_is_cut_and_told(box: list[float], cut: list[float]) -> None:
    catalog, findings = read_catalog(in_pixels(box))
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[1].boxes * [160, 120, 160, 120], [cut], atol=1e-4)
    assert told(findings) == [
        "train.json: 1 of 2 annotations reach over the edge by up to a pixel or by rounding: they are cut there"
    ]
    assert [entry.images for entry in findings.advice if entry.issue is Issue.BOX_FORM] == [(2,)]


def test_a_relative_box_may_reach_over_by_a_pixel_of_the_declared_size() -> None:
    coco = a_coco(annotations=[an_annotation(1, bbox=[0.5, 0.5, 0.51, 0.2])])
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[0].boxes, [[0.5, 0.5, 0.5, 0.2]], atol=1e-6)
    coco["images"] = [without(image, "width", "height") for image in coco["images"]]
    assert "reaches outside the image" in shown(read_catalog(coco)[1])[0]


OUTSIDE: dict[str, list[float]] = {
    "two pixels over the edge": [132, 10, 30, 30],
    "one pixel that is all outside": [160, 10, 1, 10],
    "far outside": [500, 500, 10, 10],
}


@pytest.mark.parametrize("box", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_box_further_over_the_edge_is_refused(box: list[float]) -> None:
    _, findings = read_catalog(in_pixels(box))
    assert len(shown(findings)) == 1
    assert shown(findings)[0].startswith("train.json annotation 2 (image 2): bbox [")
    assert "reaches outside the image; expected [left, top, width, height]" in shown(findings)[0]
    assert told(findings) == []


def test_noise_at_the_edge_is_not_worth_a_word() -> None:
    _, findings = read_catalog(a_coco(annotations=[an_annotation(1, bbox=[0.5, 0.5, 0.5 + 1e-9, 0.5])]))
    assert (shown(findings), told(findings)) == ([], [])
    assert TOLERANCE > 1e-9


SHAPES: dict[str, tuple[list[list[float]], str]] = {
    "corners in pixels": ([[100, 20, 150, 100]] * 6, '"bbox_format": "ltrb"'),
    "centres in pixels": ([[140, 100, 30, 30]] * 6, '"bbox_format": "cxcywh"'),
}


@pytest.mark.parametrize(("boxes", "advice"), SHAPES.values(), ids=SHAPES.keys())
def test_boxes_that_all_fit_in_another_shape_are_one_problem(boxes: list[list[float]], advice: str) -> None:
    coco = in_pixels(*boxes)
    coco["annotations"].pop(0)
    _, findings = read_catalog(coco)
    assert len(shown(findings)) == 1
    assert shown(findings)[0].startswith("train.json: 6 of 6 bbox reach outside their image as [left, top, width, ")
    assert advice in shown(findings)[0]


def test_a_single_box_outside_says_nothing_of_the_others() -> None:
    _, findings = read_catalog(in_pixels(*a_row(20), [100, 20, 150, 100]))
    assert shown(findings)[0].startswith("train.json annotation 22 (image 22): bbox [100, 20, 150, 100] reaches")


def a_percent_file(count: int, size: tuple[int, int], **fields: Any) -> Coco:
    return a_coco(
        images=[an_image(number, width=size[0], height=size[1]) for number in range(count)],
        annotations=[an_annotation(number, image_id=number, bbox=[60, 40, 40, 50]) for number in range(count)],
        **fields,
    )


def test_boxes_that_look_like_percent_are_refused_with_both_ways_out() -> None:
    coco = a_percent_file(8, (640, 480))
    _, findings = read_catalog(coco)
    assert shown(findings) == [
        "train.json: no bbox reaches beyond 100 in 8 images of up to 640 x 480 pixels, so they look like percent; "
        'declare "bbox_format": "ltwh_percent" at the top level of the file, or "ltwh_pixels"'
    ]
    for name, expected in (
        ("ltwh_percent", [0.6, 0.4, 0.4, 0.5]),
        ("ltwh_pixels", [60 / 640, 40 / 480, 1 / 16, 5 / 48]),
    ):
        catalog, findings = read_catalog(coco | {"bbox_format": name})
        assert (shown(findings), told(findings)) == ([], [])
        np.testing.assert_allclose(catalog.images[0].boxes, [expected], atol=1e-6)


def test_few_boxes_that_look_like_percent_are_told() -> None:
    _, findings = read_catalog(a_percent_file(2, (640, 480)))
    assert shown(findings) == []
    assert told(findings)[0].startswith("train.json: no bbox reaches beyond 100 in 2 images of up to 640 x 480")


@pytest.mark.parametrize(
    "coco",
    [a_percent_file(50, (100, 100)), a_percent_file(1, (640, 480)), in_pixels(*a_row(30))],
    ids=["images of 100 pixels", "a single image", "one box beyond 100"],
)
def test_boxes_that_may_well_be_pixels_are_not_called_percent(coco: Coco) -> None:
    _, findings = read_catalog(coco)
    assert (shown(findings), told(findings)) == ([], [])


def test_a_turned_box_is_replaced_by_the_one_around_it() -> None:
    catalog, findings = read_catalog(in_pixels([40, 50, 60, 20], attributes={"rotation": 90.0, "occluded": False}))
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[1].boxes * [160, 120, 160, 120], [[60, 30, 20, 60]], atol=1e-4)
    assert told(findings) == ["train.json: 1 of 2 annotations are turned: the box around the turned one is taken"]


def test_the_box_around_a_turned_one_may_reach_over_the_edge() -> None:
    catalog, findings = read_catalog(in_pixels([0, 0, 40, 10], attributes={"rotation": 45}))
    assert shown(findings) == []
    assert (catalog.images[1].boxes[0, :2] >= 0).all()


def test_an_angle_that_is_not_applied_is_told() -> None:
    catalog, findings = read_catalog(in_pixels([40, 50, 60, 20], angle=0.7))
    np.testing.assert_allclose(catalog.images[1].boxes * [160, 120, 160, 120], [[40, 50, 60, 20]], atol=1e-4)
    assert told(findings) == [
        "train.json: 1 of 2 annotations have an angle that is not applied: write the box around the turned object"
    ]


def test_polygons_stand_in_for_boxes_and_are_told() -> None:
    coco = in_pixels([1, 1, 1, 1])
    coco["annotations"][1] = without(coco["annotations"][1], "bbox") | {"segmentation": [[40, 50, 70, 30, 100, 50]]}
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[1].boxes * [160, 120, 160, 120], [[40, 30, 60, 20]], atol=1e-4)
    assert told(findings) == ["train.json: 1 of 2 annotations have no bbox: the box around their polygon is taken"]


def test_polygons_are_in_pixels_even_where_boxes_are_relative() -> None:
    coco = a_coco()
    coco["annotations"][1] = without(coco["annotations"][1], "bbox") | {"segmentation": [[10, 10, 40, 10, 40, 30]]}
    catalog, findings = read_catalog(coco)
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[0].boxes, [[0.1, 0.2, 0.3, 0.4]], atol=1e-6)
    np.testing.assert_allclose(catalog.images[1].boxes, [[0.1, 0.2, 0.3, 0.4]], atol=1e-6)


def test_a_polygon_of_no_extent_is_refused() -> None:
    coco = in_pixels([1, 1, 1, 1])
    coco["annotations"][1] = without(coco["annotations"][1], "bbox") | {"segmentation": [[5, 5, 5, 5, 5, 5]]}
    assert shown(read_catalog(coco)[1]) == [
        "train.json annotation 2 (image 2): the box around segmentation [5, 5, 0, 0]: width and height must be more "
        "than 0"
    ]


def test_relative_boxes_far_outside_are_not_read_as_specks_of_pixels() -> None:
    coco = a_coco(annotations=[an_annotation(1, bbox=[4.5, 0.5, 0.15, 0.15])])
    assert shown(read_catalog(coco)[1]) == [
        "train.json annotation 1 (image 1): bbox [4.5, 0.5, 0.15, 0.15]: as pixels it is smaller than one "
        'pixel, and as shares of the image\'s sides it reaches outside; correct it, or declare "bbox_format": '
        '"ltwh_pixels" at the top level of the file'
    ]
    coco["bbox_format"] = "ltwh_pixels"
    assert shown(read_catalog(coco)[1]) == []


def test_one_speck_among_usual_boxes_in_pixels_is_read() -> None:
    assert shown(read_catalog(in_pixels([4.5, 0.5, 0.15, 0.15]))[1]) == []

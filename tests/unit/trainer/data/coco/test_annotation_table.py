"""What single annotations say: polygons in place of boxes, marks and angles."""

from typing import Any

import numpy as np
import pytest

from darkroom_trainer.data.coco.annotation_table import AnnotationReader
from darkroom_trainer.data.coco.identifiers import IdBook
from darkroom_trainer.data.records.findings import Findings
from tests.support.coco_builders import an_annotation, without

INFINITY = float("inf")


def read(**fields: Any) -> Any:
    """Return the table of one annotation, without a box unless `fields` give one."""
    reader = AnnotationReader("train.json", IdBook(), Findings(), with_boxes=True)
    reader.take([(0, without(an_annotation(1), "bbox") | fields)])
    return reader.build()


SQUARE = [10, 20, 40, 20, 40, 60, 10, 60]
OUTLINES: dict[str, tuple[Any, list[float]]] = {
    "one polygon": ([SQUARE], [10, 20, 30, 40]),
    "a polygon that is not in a list": (SQUARE, [10, 20, 30, 40]),
    "two polygons": ([SQUARE, [50, 50, 60, 50, 60, 70]], [10, 20, 50, 50]),
    "pairs of points": ([[10, 20], [40, 20], [40, 60]], [10, 20, 30, 40]),
    "floats": ([[0.5, 0.5, 0.75, 0.5, 0.75, 1.0]], [0.5, 0.5, 0.25, 0.5]),
}
NO_OUTLINES: dict[str, Any] = {
    "a mask of runs": {"counts": [1, 2], "size": [5, 5]},
    "nothing": [],
    "text": "0 0 1 1",
    "an odd number of coordinates": [[1, 2, 3, 4, 5, 6, 7]],
    "two points": [[1, 2, 3, 4]],
    "text in it": [["1", 2, 3, 4, 5, 6]],
    "a polygon and something else": [SQUARE, 5],
}


@pytest.mark.parametrize(("segmentation", "box"), OUTLINES.values(), ids=OUTLINES.keys())
def test_a_box_is_put_around_polygons_where_there_is_none(segmentation: Any, box: list[float]) -> None:
    missing: dict[str, Any]
    for missing in ({}, {"bbox": None}, {"bbox": []}):
        table = read(segmentation=segmentation, **missing)
        assert (table.has_box.tolist(), table.outlined.tolist()) == ([True], [True])
        np.testing.assert_allclose(table.boxes, [box])


@pytest.mark.parametrize("segmentation", NO_OUTLINES.values(), ids=NO_OUTLINES.keys())
def test_what_is_no_polygon_gives_no_box(segmentation: Any) -> None:
    table = read(segmentation=segmentation)
    assert (table.has_box.tolist(), table.outlined.tolist()) == ([False], [False])


@pytest.mark.parametrize("number", [INFINITY, float("nan"), 10**400])
def test_a_polygon_with_a_number_that_is_not_finite_gives_a_box_that_is_not(number: Any) -> None:
    assert np.isnan(read(segmentation=[[number, *SQUARE[1:]]]).boxes).all()


def test_a_written_box_counts_for_more_than_a_polygon() -> None:
    np.testing.assert_allclose(read(segmentation=[SQUARE], bbox=[1, 2, 3, 4]).boxes, [[1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("value", "crowd"), [(1, True), (True, True), (1.0, True), ("1", True), (0, False), (None, False), ("yes", False)]
)
def test_one_marks_a_crowd(value: Any, crowd: bool) -> None:
    assert read(iscrowd=value).crowd.tolist() == [crowd]


ANGLES: dict[str, tuple[dict[str, Any], float]] = {
    "none": ({}, 0),
    "one of CVAT": ({"attributes": {"rotation": 90.0}}, 90),
    "a whole turn": ({"attributes": {"rotation": 360}}, 0),
    "one to the left": ({"attributes": {"rotation": -30}}, 330),
    "one as text": ({"attributes": {"rotation": "45"}}, 45),
    "one that is empty": ({"attributes": {"rotation": ""}, "rotation": None}, 0),
    "one that nobody explains": ({"rotation": 1.5}, np.nan),
    "another that nobody explains": ({"attributes": {"angle": 3}}, np.nan),
    "one that is no number": ({"attributes": {"rotation": [90]}}, np.nan),
    "attributes that are a list": ({"attributes": [1]}, 0),
}


@pytest.mark.parametrize(("fields", "degrees"), ANGLES.values(), ids=ANGLES.keys())
def test_an_angle_is_read_where_its_meaning_is_known(fields: dict[str, Any], degrees: float) -> None:
    np.testing.assert_allclose(read(bbox=[1, 2, 3, 4], **fields).rotation, [degrees])

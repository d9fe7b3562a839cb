import pytest

from darkroom_labels import boxes
from darkroom_labels.boxes import BoxForm
from darkroom_labels.coco_labels import Box


@pytest.mark.parametrize(
    ("declared", "form"),
    [
        ("xywh", BoxForm("ltwh")),
        ("BoxMode.XYXY_ABS", BoxForm("ltrb", "pixels")),
        ("pascal_voc", BoxForm("ltrb", "pixels")),
        ("yolo", BoxForm("cxcywh", "relative")),
        ("ltwh_percent", BoxForm("ltwh", "percent")),
        ("left-top-width-height", BoxForm("ltwh")),
        ("left, top, right, bottom", BoxForm("ltrb")),
        ("xywh_pixels_percent", None),
        ("--", None),
        (0, BoxForm("ltrb", "pixels")),
        (3, BoxForm("ltwh", "relative")),
        (9, None),
        ("diagonal", None),
        ([], None),
    ],
)
def test_a_declared_form_is_known_by_the_names_that_libraries_have(declared: object, form: BoxForm | None) -> None:
    assert boxes.find_form(declared) == form


@pytest.mark.parametrize(
    "value", [None, [1, 2, 3], [1, 2, 3, "4"], [1, 2, 3, True], [1, 2, 3, float("nan")], [1, 2, 3, 10**400]]
)
def test_what_is_not_four_finite_numbers_is_no_box(value: object) -> None:
    assert boxes.read_numbers(value) is None


@pytest.mark.parametrize(
    ("shape", "expected"), [("ltwh", (4, 6, 10, 20)), ("ltrb", (4, 6, 6, 14)), ("cxcywh", (-1, -4, 10, 20))]
)
def test_a_shape_becomes_left_top_and_sides(shape: str, expected: Box) -> None:
    assert boxes.to_left_top((4, 6, 10, 20), shape) == expected


@pytest.mark.parametrize(
    ("segmentation", "expected"),
    [
        ([[0, 0, 4, 0, 4, 2]], (0, 0, 4, 2)),
        ([0, 0, 4, 0, 4, 2], (0, 0, 4, 2)),
        ([[0, 0, 4, 0, 4, 2], [6, 1, 8, 1, 8, 9]], (0, 0, 8, 9)),
        ({"counts": [1], "size": [1, 1]}, None),
        ([[0, 0, 4, 0]], None),
        ([[0, 0, 4, 0, "4", 2]], None),
        ([], None),
    ],
)
def test_a_polygon_stands_for_the_box_around_it(segmentation: object, expected: Box | None) -> None:
    assert boxes.outline(segmentation) == expected


def test_a_turned_box_becomes_the_upright_box_around_it() -> None:
    assert boxes.turn_about_center((10, 10, 40, 20), 90) == pytest.approx((20, 0, 20, 40))
    assert boxes.turn_about_corner((50, 10, 40, 20), 90) == pytest.approx((30, 10, 20, 40))
    assert boxes.turn_about_corner((50, 10, 40, 20), 0) == (50, 10, 40, 20)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.1, 0.1, 0.3, 0.3), (0.1, 0.1, 0.3, 0.3)),
        ((-0.1, 0.5, 0.3, 0.6), (0.0, 0.5, 0.2, 0.5)),
        ((0.1, 0.1, 0.0, 0.3), None),
        ((1.0, 0.1, 0.2, 0.3), None),
    ],
)
def test_a_box_is_cut_at_the_edges(box: Box, expected: Box | None) -> None:
    found = boxes.cut(box)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_one_wrong_box_does_not_make_pixels_of_relative_ones() -> None:
    assert not boxes.are_pixels([(0.1, 0.1, 0.2, 0.2), (0.1, 0.1, 0.2, 0.2), (5, 5, 9, 9)])
    assert boxes.are_pixels([(0, 0, 1, 3), (0.5, 0.5, 0.5, 0.5), (5, 5, 9, 9)])
    assert not boxes.are_pixels([])

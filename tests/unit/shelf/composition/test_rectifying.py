"""Rectifying by known geometry: errors in pixels are printed; four points that bound nothing are refused by name."""

from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from darkroom_shelf.composition.rectifying import (
    CORNERS,
    ControlPoints,
    find_coefficients,
    read_control_points,
    rectify,
)
from darkroom_shelf.errors import ShelfProblem
from darkroom_shelf.places import Floats

SIZE = (640, 427)
TILTED = np.array([(0.12, 0.2), (0.9, 0.08), (0.85, 0.93), (0.07, 0.78)])


def a_drawn_texture() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (54, 80, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)


def a_photograph() -> Image.Image:
    return Image.fromarray(load_sample_image("china.jpg"))


def look_from_the_side(front: Image.Image, corners: Floats) -> Image.Image:
    """Return a photo of the same size on which the front's corners lie at `corners`, in pixels."""
    width, height = front.size
    own = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    coefficients = find_coefficients(corners, own).tolist()
    return front.transform(front.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)


def find_shift(one: Image.Image, other: Image.Image) -> Floats:
    """Return by how many pixels patches of two pictures differ in place, found by their phase."""
    first, second = (np.asarray(picture.convert("L"), dtype=np.float64) for picture in (one, other))
    shifts, side = [], 96
    for top in range(24, first.shape[0] - side - 24, 72):
        for left in range(24, first.shape[1] - side - 24, 72):
            window = np.outer(np.hanning(side), np.hanning(side))
            parts = [
                (picture[top : top + side, left : left + side] - picture[top : top + side, left : left + side].mean())
                * window
                for picture in (first, second)
            ]
            cross = np.fft.fft2(parts[0]) * np.conj(np.fft.fft2(parts[1]))
            peak = np.fft.ifft2(cross).real
            at = np.array(np.unravel_index(peak.argmax(), peak.shape))
            shifts.append(np.hypot(*np.where(at > side / 2, at - side, at)))
    return np.array(shifts)


@pytest.mark.parametrize("front", [a_drawn_texture, a_photograph], ids=["drawn", "photographed"])
def test_what_was_seen_from_the_side_comes_back_within_a_pixel(front: Any) -> None:
    picture = front()
    side = look_from_the_side(picture, TILTED * picture.size)
    found = rectify(side, ControlPoints(TILTED))
    shifts = find_shift(picture, found.resize(picture.size, Image.Resampling.BICUBIC))
    print(f"{front.__name__}: mean {shifts.mean():.2f} px, most {shifts.max():.2f} px over {len(shifts)} patches")
    assert shifts.max() <= 1.0


def test_the_result_is_as_large_as_the_means_of_opposite_edges() -> None:
    points = ControlPoints(np.array([(0.1, 0.1), (0.9, 0.1), (0.7, 0.9), (0.3, 0.9)]))
    found = rectify(Image.new("RGB", (100, 100)), points)
    assert found.size == (round((80 + 40) / 2), round(np.hypot(20, 80)))


def points_of(*corners: tuple[float, float]) -> dict[str, Any]:
    return {name: {"x": x, "y": y} for name, (x, y) in zip(CORNERS, corners, strict=True)}


SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))


@pytest.mark.parametrize(
    "body",
    [
        points_of(*SQUARE),
        {"controlPoints": points_of(*SQUARE)},
        {"ControlPoints": points_of(*SQUARE)},
        {"controlPoints": {"ControlPoints": points_of(*SQUARE)}},
    ],
    ids=["bare", "as the route has it", "as the tool writes it", "one in the other"],
)
def test_points_are_read_with_and_without_the_wrapper(body: dict[str, Any]) -> None:
    assert read_control_points(body).corners.tolist() == [list(corner) for corner in SQUARE]


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ([SQUARE[0], SQUARE[1], SQUARE[3], SQUARE[2]], "two edges cross"),
        ([SQUARE[1], SQUARE[0], SQUARE[3], SQUARE[2]], "are exchanged"),
        ([SQUARE[0], SQUARE[1], (0.3, 0.3), SQUARE[3]], "a dent at bottomRight"),
        ([(0.6, 0.6), SQUARE[1], SQUARE[2], SQUARE[3]], "a dent at topLeft"),
        ([SQUARE[0], SQUARE[0], SQUARE[2], SQUARE[3]], "topLeft and topRight are less than 10 pixels apart"),
        ([(0.1, 0.5), (0.4, 0.5), (0.6, 0.5), (0.9, 0.5)], "lies on a line with its neighbours"),
        ([(0.5, 0.5)] * 4, "less than 10 pixels apart"),
    ],
)
def test_points_that_bound_no_rectangle_are_refused(corners: list[tuple[float, float]], message: str) -> None:
    with pytest.raises(ShelfProblem, match=message):
        rectify(Image.new("RGB", (400, 300)), read_control_points(points_of(*corners)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "topLeft: it is missing"),
        (points_of((1.2, 0), *SQUARE[1:]), "controlPoints.topLeft.x: it is 1.2; give a share of the photo's width"),
        (points_of(*SQUARE[:3], (0, -0.1)), "controlPoints.bottomLeft.y: it is -0.1"),
        ({**points_of(*SQUARE), "topRight": 3}, "controlPoints.topRight: it is not an object"),
    ],
)
def test_points_that_cannot_be_read_are_named(body: dict[str, Any], message: str) -> None:
    with pytest.raises(ShelfProblem, match=message):
        read_control_points(body)


def test_a_result_beyond_the_limit_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("darkroom_shelf.composition.rectifying.MAX_OUTPUT_PIXELS", 1_000)
    with pytest.raises(ShelfProblem, match="at most 1,000"):
        rectify(Image.new("RGB", (400, 300)), ControlPoints(np.array(SQUARE)))

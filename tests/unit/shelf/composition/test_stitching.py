"""Joining photos of known geometry: errors in pixels are printed, unrelated photos are refused, no pack is doubled."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.datasets import load_sample_image

from darkroom_shelf.composition import stitching
from darkroom_shelf.composition.stitching import is_plausible, project, stitch
from darkroom_shelf.errors import ShelfProblem
from darkroom_shelf.places import Floats

SIDE = 640


def a_photograph(name: str) -> Image.Image:
    return Image.fromarray(load_sample_image(name)).resize((1_280, 854), Image.Resampling.LANCZOS)


def a_drawn_shelf(seed: int = 0) -> Image.Image:
    """Return boards of packs that repeat themselves, each with small print of its own."""
    draw, picture = np.random.default_rng(seed), Image.new("RGB", (1_280, 854), "#d8d2c8")
    pen = ImageDraw.Draw(picture)
    colors = ["#c33", "#3a6", "#36c", "#da3"]
    for row in range(3):
        for column in range(12):
            left, top = 20 + column * 104, 30 + row * 280
            pen.rectangle((left, top, left + 96, top + 230), fill=colors[(column // 3 + row) % 4], outline="black")
            for _ in range(14):
                x, y = int(draw.integers(left + 4, left + 60)), int(draw.integers(top + 8, top + 215))
                width = int(draw.integers(6, 34))
                pen.rectangle((x, y, x + width, y + 5), fill=tuple(draw.integers(0, 256, 3).tolist()))
        pen.rectangle((0, 262 + row * 280, 1_280, 276 + row * 280), fill="#776655")
    return picture


TEXTURES: dict[str, Any] = {
    "drawn": a_drawn_shelf,
    "a building": lambda: a_photograph("china.jpg"),
    "a flower": lambda: a_photograph("flower.jpg"),
}


def take_photos(
    front: Image.Image, corners: Sequence[tuple[int, int]], seed: int = 0
) -> list[tuple[Image.Image, Floats]]:
    """Return photos of parts of a front, each from another place, with the homography from the front onto each."""
    draw = np.random.default_rng(seed)
    size = (SIDE, SIDE)
    own = np.array([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)], np.float32)
    photos = []
    for left, top in corners:
        seen = own + np.array((left, top)) + draw.uniform(-15, 15, (4, 2)).astype(np.float32)
        onto = cv2.getPerspectiveTransform(seen.astype(np.float32), own)
        pixels = cv2.warpPerspective(np.asarray(front), onto, size, flags=cv2.INTER_CUBIC)
        photos.append((Image.fromarray(pixels), onto))
    return photos


ROW = ((20, 100), (320, 100), (620, 100))
GRID = ((20, 20), (340, 20), (620, 20), (20, 190), (340, 190), (620, 190))


@pytest.mark.parametrize("corners", [ROW, GRID], ids=["one row", "two rows"])
@pytest.mark.parametrize("texture", TEXTURES)
def test_photos_lie_within_three_pixels_of_where_they_were_taken(texture: str, corners: Any) -> None:
    photos = take_photos(TEXTURES[texture](), corners)
    found = stitching.register_all([photo for photo, _ in photos])
    points = np.stack(np.meshgrid(*[np.linspace(20, SIDE - 20, 9)] * 2), axis=-1).reshape(-1, 2)
    first = photos[0][1]
    errors = [
        np.hypot(*(project(first @ np.linalg.inv(onto), points) - project(homography, points)).T)
        for (_, onto), homography in zip(photos[1:], found[1:], strict=True)
    ]
    print(f"{texture}, {len(photos)} photos: mean {np.mean(errors):.2f} px, most {np.max(errors):.2f} px")
    assert np.max(errors) < 3


def test_the_picture_shows_each_pack_once_and_where_it_is() -> None:
    front = a_drawn_shelf()
    photos = take_photos(front, ROW)
    made = np.asarray(stitch([photo for photo, _ in photos]), dtype=np.float64)
    # The picture lies on the first photo; the front is brought there by what is known of it.
    corners = np.array([(0, 0), (SIDE, 0), (SIDE, SIDE), (0, SIDE)], np.float64)
    outlines = [project(photos[0][1] @ np.linalg.inv(onto), corners) for _, onto in photos]
    shift = np.eye(3)
    shift[:2, 2] = -np.floor(np.concatenate(outlines).min(axis=0))
    size = (made.shape[1], made.shape[0])
    known = cv2.warpPerspective(np.asarray(front), shift @ photos[0][1], size, flags=cv2.INTER_CUBIC).astype(np.float64)
    is_shown = (made.sum(axis=2) > 0).astype(np.uint8)
    inside = cv2.erode(is_shown, np.ones((41, 41), np.uint8), borderValue=0) > 0
    off, doubled = (measure_difference(made, other)[inside] for other in (known, np.roll(known, 8, axis=1)))
    print(f"difference to the front: 99 of 100 below {np.percentile(off, 99):.0f} of 255")
    assert np.percentile(off, 99) < np.percentile(doubled, 99) / 2


def measure_difference(one: Floats, other: Floats) -> Floats:
    """Return how far two pictures differ around each pixel; a pixel to the side is little."""
    return np.asarray(np.abs(cv2.blur(one, (5, 5)) - cv2.blur(other, (5, 5))).mean(axis=2))


def test_photos_that_do_not_overlap_are_refused_and_the_pair_is_named() -> None:
    related = [photo for photo, _ in take_photos(a_drawn_shelf(), ROW[:2])]
    stranger = a_photograph("flower.jpg").crop((0, 0, SIDE, SIDE))
    with pytest.raises(ShelfProblem, match=r"images\[1\] and images\[2\] do not overlap") as caught:
        stitch([*related, stranger])
    assert caught.value.field == "images"


def test_photos_without_any_texture_are_refused() -> None:
    with pytest.raises(ShelfProblem, match=r"images\[0\] and images\[1\]"):
        stitch([Image.new("RGB", (300, 300), "white")] * 2)


def test_the_same_photos_give_the_same_picture() -> None:
    photos = [photo for photo, _ in take_photos(a_photograph("china.jpg"), ROW[:2])]
    assert stitch(photos).tobytes() == stitch(photos).tobytes()


def test_a_picture_of_many_tiles_is_that_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [photo for photo, _ in take_photos(a_drawn_shelf(), ROW[:2])]
    whole = np.asarray(stitch(photos), dtype=np.int64)
    monkeypatch.setattr(stitching, "TILE_PX", 256)
    tiled = np.asarray(stitch(photos), dtype=np.int64)
    assert tiled.shape == whole.shape
    assert np.abs(tiled - whole).max() <= 2  # of 255, as places between two pixels are rounded


def test_a_picture_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stitching, "MAX_OUTPUT_PIXELS", 100_000)
    with pytest.raises(ShelfProblem, match="at most 100,000"):
        stitch([photo for photo, _ in take_photos(a_photograph("china.jpg"), ROW[:2])])


def test_photos_that_lie_over_each_other_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stitching, "MAX_WARPED_PIXELS", 3 * SIDE * SIDE)
    (photo, _), (other, _) = take_photos(a_drawn_shelf(), ROW[:2])
    assert stitch([photo, other]).width > SIDE
    with pytest.raises(ShelfProblem, match="as they lie in the picture have"):
        stitch([photo, other, photo, other])


@pytest.mark.parametrize("bend", [-0.001, -0.0015, -0.002])
def test_a_photo_that_is_bent_beyond_the_horizon_is_refused_by_its_number(
    bend: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    homography = np.array([[1.0, 0, 0], [0, 1, 0], [bend, 0, 1]])
    monkeypatch.setattr(stitching, "register_all", lambda _: [np.eye(3), homography])
    with pytest.raises(ShelfProblem, match=r"images\[1\] is seen from beside"):
        stitch([Image.new("RGB", (1_000, 20))] * 2)


@pytest.mark.parametrize(
    ("homography", "expected"),
    [
        (np.eye(3), True),
        (np.diag([0.6, 0.6, 1.0]), True),
        (np.diag([0.4, 0.4, 1.0]), False),
        (np.diag([2.5, 2.5, 1.0]), False),
        (np.diag([-1.0, 1.0, 1.0]), False),
        (np.array([[1, 0.8, 0], [0, 1, 0], [0, 0, 1]]), False),
        (np.array([[1, 0, 0], [0, 1, 0], [0.002, 0, 1]]), False),
    ],
    ids=["itself", "smaller", "far smaller", "far larger", "mirrored", "slanted", "bent"],
)
def test_a_photo_is_not_bent_beyond_what_a_camera_does(homography: Floats, expected: bool) -> None:
    assert is_plausible(homography, (600, 400)) is expected

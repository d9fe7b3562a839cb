"""Planograms and what a detector would see of them, with everything that may differ."""

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from darkroom_shelf.detections import DetectedObject, Tag
from darkroom_shelf.planogram import Fixture, Planogram, Position, Product

PADDING = 3.0


def a_planogram(
    rows: int = 4, facings: int = 8, names: int = 6, seed: int = 0, run: int = 1, height: float = 8.0
) -> Planogram:
    """Return boards one above the other, each full of products of several widths; `run` facings of each in a row."""
    draw = random.Random(seed)
    products = tuple(
        Product(f"p{number}", f"name {number}", draw.uniform(2, 5), draw.uniform(height * 0.6, height * 0.9))
        for number in range(names)
    )
    fixtures, positions, width = [], [], 0.0
    for row in range(rows):
        foot, x = (row + 1) * height, PADDING
        placed: list[tuple[Product, float]] = []
        for facing in range(facings):
            product = draw.choice(products) if facing % run == 0 else placed[-1][0]
            placed.append((product, x))
            x += product.width * 1.05
        fixture = Fixture(f"f{row}", 0.0, foot, x, 0.5)
        fixtures.append(fixture)
        positions += [
            Position(f"{row}-{at}", product, fixture, left, foot - product.height)
            for at, (product, left) in enumerate(placed)
        ]
        width = max(width, x)
    return Planogram(width + PADDING, rows * height + 1, products, tuple(fixtures), tuple(positions))


@dataclass(frozen=True)
class Camera:
    """Pixels of a unit, where the planogram begins on the photo, and a turn of the whole."""

    scale_x: float = 40.0
    scale_y: float = 40.0
    left: float = 0.0
    top: float = 0.0
    turn_degrees: float = 0.0

    def see(self, position: Position, name: str | None = None) -> DetectedObject:
        """Return a position as it is seen, under its own name unless another is given."""
        middle_x = (position.x + position.product.width / 2) * self.scale_x
        middle_y = (position.y + position.product.height / 2) * self.scale_y
        turn = math.radians(self.turn_degrees)
        x = middle_x * math.cos(turn) - middle_y * math.sin(turn) + self.left
        y = middle_x * math.sin(turn) + middle_y * math.cos(turn) + self.top
        w, h = position.product.width * self.scale_x, position.product.height * self.scale_y
        tags = (Tag(position.product.name if name is None else name, 0.9),)
        return DetectedObject(position.id, x - w / 2, y - h / 2, w, h, tags)


def see_all(planogram: Planogram, camera: Camera | None = None) -> list[DetectedObject]:
    """Return all positions as a detector without a fault sees them, each under the id of its position."""
    return [(camera or Camera()).see(position) for position in planogram.positions]


def jitter(objects: Iterable[DetectedObject], share: float, seed: int = 0) -> list[DetectedObject]:
    """Return boxes whose sides are off by up to a share of their lengths."""
    draw = random.Random(seed)
    moved = []
    for item in objects:
        dx, dy, dw, dh = (draw.uniform(-share, share) for _ in range(4))
        width, height = item.width * (1 + dw), item.height * (1 + dh)
        moved.append(replace(item, x=item.x + dx * item.width, y=item.y + dy * item.height, width=width, height=height))
    return moved


def rename(objects: Iterable[DetectedObject], name: Callable[[DetectedObject], str]) -> list[DetectedObject]:
    """Return the same boxes under other names."""
    return [replace(item, tags=(Tag(name(item), 0.9),)) for item in objects]


def empty(item: DetectedObject) -> DetectedObject:
    """Return a gap where something stood."""
    return replace(item, tags=(Tag("gap", 0.8),))


def pair_ids(matches: Sequence[Any]) -> Mapping[str, str]:
    """Return the id of the detection at each position, by the position's id."""
    return {match.position.id: match.detected.id for match in matches}


def write_planogram(planogram: Planogram) -> dict[str, Any]:
    """Return a planogram as clients send it."""
    return {
        "width": planogram.width,
        "height": planogram.height,
        "products": [{"id": p.id, "name": p.name, "w": p.width, "h": p.height} for p in planogram.products],
        "fixtures": [{"id": f.id, "x": f.x, "y": f.y, "w": f.width, "h": f.height} for f in planogram.fixtures],
        "positions": [
            {"id": p.id, "productId": p.product.id, "fixtureId": p.fixture.id, "x": p.x, "y": p.y}
            for p in planogram.positions
        ],
    }


def write_result(objects: Sequence[DetectedObject], size: tuple[int, int] = (4000, 3000)) -> dict[str, Any]:
    """Return detections as a run's result holds them."""
    return {
        "imageMetadata": {"width": size[0], "height": size[1]},
        "products": [item.to_json() for item in objects if not item.is_gap],
        "gaps": [item.to_json() for item in objects if item.is_gap],
    }

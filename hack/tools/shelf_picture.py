"""`python -m hack.tools.shelf_picture`: the picture of docs/shelf.md, a drawn shelf and what was matched on it.

Owns the shelf that is drawn. A test compares the picture with what the script makes.
"""

import pathlib
from typing import Final

from PIL import Image

from darkroom_shelf.compliance import measure_compliance
from darkroom_shelf.detections import DetectedObject, Tag
from darkroom_shelf.drawing import draw_matches
from darkroom_shelf.matching import match_planogram
from darkroom_shelf.planogram import Fixture, Planogram, Position, Product

SHELF_PICTURE: Final = pathlib.Path("docs/images/shelf.png")
PIXELS_PER_UNIT: Final = 26.0
PRODUCTS: Final = (("oat flakes", 5, 9), ("green tea", 4, 6), ("rye bread", 7, 5), ("honey", 3.5, 5), ("soup", 4, 7))
BOARDS: Final = ("00013334", "1112240", "43142130")
"""The products of each board, by their numbers."""
BOARD_HEIGHT: Final = 11.0


def build_planogram() -> Planogram:
    """Return three boards."""
    products = [Product(f"p{at}", name, width, height) for at, (name, width, height) in enumerate(PRODUCTS)]
    fixtures = [Fixture(f"board {at}", 0, (at + 1) * BOARD_HEIGHT, 44, 0.6) for at in range(len(BOARDS))]
    positions = []
    for fixture, board in zip(fixtures, BOARDS, strict=True):
        x = 1.0
        for number, product in enumerate(products[int(digit)] for digit in board):
            name = f"{fixture.id}, {number}"
            positions.append(Position(name, product, fixture, x, fixture.y - product.height))
            x += product.width + 0.5
    return Planogram(44, BOARD_HEIGHT * len(BOARDS) + 1, tuple(products), tuple(fixtures), tuple(positions))


def see(planogram: Planogram) -> list[DetectedObject]:
    """Return the shelf as a detector might see it: one product gone, one exchanged, one too many, a board moved on."""
    seen = []
    for at, position in enumerate(planogram.positions):
        name = {4: "gap", 2: "soup"}.get(at, position.product.name)
        # The lowest board lost its first product, and the others were pushed along.
        moved = -4.5 if position.fixture.id == "board 2" else 0.0
        if at == len(planogram.positions) - len(BOARDS[2]):
            continue
        sway = 0.15 * (at % 3 - 1)
        x, y = position.x + moved + sway, position.y + sway / 2
        width, height = position.product.width, position.product.height
        seen.append(_build(str(at), (x, y, width, height), name))
    extra = planogram.positions[9]
    seen.append(_build("extra", (extra.x + 0.6, extra.y - 4.3, 3.5, 3.9), "honey"))
    return seen


def _build(name: str, box: tuple[float, float, float, float], tag: str) -> DetectedObject:
    x, y, width, height = (round(side * PIXELS_PER_UNIT) for side in box)
    return DetectedObject(name, x + 60, y + 40, width, height, (Tag(tag, 0.9),))


def draw_shelf() -> Image.Image:
    """Return the picture."""
    planogram = build_planogram()
    seen = see(planogram)
    matching = match_planogram(planogram, seen)
    return draw_matches(measure_compliance(planogram, seen, matching), seen, matching)


if __name__ == "__main__":
    draw_shelf().save(SHELF_PICTURE, optimize=True)

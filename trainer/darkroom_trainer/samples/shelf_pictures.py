"""Shelves: rows of packages with empty places between them, and a box around each package and each gap.

Owns the drawing of products and shelves. Deterministic for a generator. Must not do: I/O.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from darkroom_trainer.samples.digits import Pixels

SHELF_PX: Final = 128
GAP: Final = "gap"
_SCALE: Final = 3
_GAP_SHARE: Final = 0.15
_GAP_WIDTH: Final = (16, 26)
_FACINGS: Final = (1, 3)

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Product:
    """A package: its size in pixels, its colours (body and print), how its top is shaped and what is printed on it."""

    name: str
    size: tuple[int, int]
    body: Colour
    ink: Colour
    top: str
    motif: str


PRODUCTS: Final = (
    Product("tomato soup", (22, 30), (196, 40, 38), (245, 240, 230), "flat", "band"),
    Product("pea soup", (22, 30), (60, 140, 62), (245, 240, 230), "flat", "band"),
    Product("cola", (16, 40), (120, 20, 24), (250, 250, 250), "neck", "wave"),
    Product("lemonade", (16, 40), (240, 214, 70), (60, 120, 50), "neck", "disc"),
    Product("water", (16, 40), (120, 180, 226), (24, 60, 140), "neck", "stripes"),
    Product("oat flakes", (28, 40), (214, 170, 104), (110, 60, 30), "flat", "disc"),
    Product("corn flakes", (28, 40), (244, 190, 50), (200, 50, 40), "flat", "diamond"),
    Product("milk", (20, 38), (240, 244, 250), (40, 90, 190), "roof", "wave"),
    Product("butter milk", (20, 38), (240, 244, 250), (60, 150, 90), "roof", "stripes"),
    Product("coffee", (22, 34), (70, 44, 32), (220, 180, 110), "crimp", "disc"),
    Product("tea", (24, 24), (40, 110, 96), (236, 220, 170), "flat", "diamond"),
    Product("crisps", (28, 36), (224, 110, 36), (255, 240, 120), "crimp", "checks"),
)
TAGS: Final = (*(product.name for product in PRODUCTS), GAP)


@dataclass(frozen=True)
class PlacedPackage:
    """A product or a gap on a shelf; the box is left, top, width, height in pixels."""

    tag: str
    box: Box


@dataclass(frozen=True)
class Shelf:
    """uint8 (SHELF_PX, SHELF_PX, 3) and what stands in it."""

    pixels: Pixels
    placed: tuple[PlacedPackage, ...]


def draw_shelf(random: np.random.Generator, products: tuple[Product, ...] = PRODUCTS) -> Shelf:
    """Return two boards of `products`, each product in one to three copies side by side."""
    wall = tuple(int(value) for value in random.integers(150, 215, size=3))
    canvas = Image.new("RGB", (SHELF_PX * _SCALE, SHELF_PX * _SCALE), wall)
    placed: list[PlacedPackage] = []
    for floor in (58 + int(random.integers(-3, 4)), 118 + int(random.integers(-3, 4))):
        placed += _fill_board(canvas, floor, random, products)
    return Shelf(_photograph(canvas, random), tuple(placed))


def draw_pack(product: Product, side_px: int, random: np.random.Generator) -> Pixels:
    """Return a picture (side_px, side_px, 3) of one product that fills it, as on a supplier's page."""
    wide, high = product.size
    canvas = Image.new("RGB", (wide * _SCALE, high * _SCALE), (228, 228, 228))
    _draw_product(ImageDraw.Draw(canvas), product, (0, 0, wide, high))
    return np.asarray(Image.fromarray(_photograph(canvas, random)).resize((side_px, side_px)), dtype=np.uint8)


def _fill_board(
    canvas: Image.Image, floor: int, random: np.random.Generator, products: tuple[Product, ...]
) -> list[PlacedPackage]:
    draw = ImageDraw.Draw(canvas)
    wood = tuple(int(value) for value in random.integers(70, 110, size=3))
    draw.rectangle(_scaled((0, floor, SHELF_PX, 5)), fill=wood)
    placed: list[PlacedPackage] = []
    left = int(random.integers(1, 6))
    while True:
        if random.random() < _GAP_SHARE:
            width = int(random.integers(*_GAP_WIDTH))
            if left + width > SHELF_PX:
                return placed
            placed.append(PlacedPackage(GAP, _draw_gap(draw, left, floor, width)))
            left += width
            continue
        product = products[int(random.integers(len(products)))]
        for _ in range(int(random.integers(_FACINGS[0], _FACINGS[1] + 1))):
            box = _place(product, left, floor, random)
            if box[0] + box[2] > SHELF_PX:
                return placed
            _draw_product(draw, product, box)
            placed.append(PlacedPackage(product.name, box))
            left = box[0] + box[2] + int(random.integers(1, 3))


def _place(product: Product, left: int, floor: int, random: np.random.Generator) -> Box:
    stretch = random.uniform(0.92, 1.08)
    width, height = round(product.size[0] * stretch), round(product.size[1] * stretch)
    return left, floor - height, width, height


def _draw_gap(draw: ImageDraw.ImageDraw, left: int, floor: int, width: int) -> Box:
    """Draw an empty place: the dark back of the shelf, with a price tag below that nothing stands over."""
    box = (left, floor - 36, width, 36)
    draw.rectangle(_scaled(box), fill=(58, 56, 60))
    draw.rectangle(_scaled((left + width // 2 - 4, floor, 8, 5)), fill=(250, 244, 160))
    return box


def _draw_product(draw: ImageDraw.ImageDraw, product: Product, box: Box) -> None:
    x, y, wide, high = (value * _SCALE for value in box)
    shoulder = {"flat": 0.0, "neck": 0.3, "roof": 0.22, "crimp": 0.08}[product.top] * high
    draw.rectangle((x, y + shoulder, x + wide - 1, y + high - 1), fill=product.body)
    _draw_top(draw, product, (x, y, wide, shoulder))
    _draw_motif(draw, product, (x, y + shoulder, wide, high - shoulder))


def _draw_top(draw: ImageDraw.ImageDraw, product: Product, box: tuple[float, float, float, float]) -> None:
    x, y, wide, high = box
    if product.top == "neck":
        draw.polygon([(x, y + high), (x + wide * 0.32, y + high * 0.4), (x + wide * 0.68, y + high * 0.4),
                      (x + wide, y + high)], fill=product.body)  # fmt: skip
        draw.rectangle((x + wide * 0.32, y, x + wide * 0.68, y + high * 0.4), fill=product.ink)
    elif product.top == "roof":
        draw.polygon([(x, y + high), (x + wide * 0.5, y), (x + wide, y + high)], fill=product.ink)
    elif product.top == "crimp":
        draw.rectangle((x, y, x + wide - 1, y + high), fill=product.ink)


def _draw_motif(draw: ImageDraw.ImageDraw, product: Product, box: tuple[float, float, float, float]) -> None:
    x, y, wide, high = box
    ink = product.ink
    if product.motif == "band":
        draw.rectangle((x, y + high * 0.4, x + wide - 1, y + high * 0.75), fill=ink)
    elif product.motif == "disc":
        draw.ellipse(
            (x + wide * 0.18, y + high * 0.5 - wide * 0.32, x + wide * 0.82, y + high * 0.5 + wide * 0.32), fill=ink
        )
    elif product.motif == "stripes":
        for at in range(3):
            draw.rectangle((x, y + high * (0.2 + 0.26 * at), x + wide - 1, y + high * (0.3 + 0.26 * at)), fill=ink)
    elif product.motif == "diamond":
        middle = (x + wide / 2, y + high / 2)
        reach = wide * 0.4
        draw.polygon([(middle[0], middle[1] - reach), (middle[0] + reach, middle[1]), (middle[0], middle[1] + reach),
                      (middle[0] - reach, middle[1])], fill=ink)  # fmt: skip
    elif product.motif == "wave":
        line = [(x + wide * at / 12, y + high * (0.5 + 0.14 * math.sin(at))) for at in range(13)]
        draw.line(line, fill=ink, width=int(high * 0.16), joint="curve")
    else:
        for row in range(3):
            for column in range(3):
                if (row + column) % 2 == 0:
                    corner = (x + wide * column / 3, y + high * (0.15 + row * 0.24))
                    draw.rectangle((*corner, corner[0] + wide / 3, corner[1] + high * 0.24), fill=ink)


def _scaled(box: Box) -> tuple[int, int, int, int]:
    """Return a box as PIL's left, top, right, bottom on the large canvas."""
    x, y, wide, high = (value * _SCALE for value in box)
    return x, y, x + wide - 1, y + high - 1


def _photograph(canvas: Image.Image, random: np.random.Generator) -> Pixels:
    """Return the canvas shrunken, in its own light, slightly blurred and noisy."""
    small = canvas.resize((canvas.width // _SCALE, canvas.height // _SCALE), Image.Resampling.BOX)
    blurred = small.filter(ImageFilter.GaussianBlur(float(random.uniform(0.0, 0.6))))
    light = random.uniform(0.75, 1.15) * random.uniform(0.95, 1.05, size=3)
    values = np.asarray(blurred, dtype=np.float64) * light
    noisy = values + random.normal(0, 4, size=values.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)

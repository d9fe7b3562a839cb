"""A planogram: which product is planned at which position of which fixture (board), in one unit whatever it is.

Owns what a planogram has to hold. Must not know what was detected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from darkroom_shelf.errors import ShelfProblem
from darkroom_shelf.fields import Fields

MAX_POSITIONS: Final = 10_000
MAX_ENTRIES: Final = 10_000
"""Of products and of fixtures."""


@dataclass(frozen=True)
class Product:
    """What is sold: the name is the tag that a model gives it."""

    id: str
    name: str
    width: float
    height: float


@dataclass(frozen=True)
class Fixture:
    """A board; x and y are of its top left corner."""

    id: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Position:
    """One facing; x and y are of its top left corner, and its product gives its size."""

    id: str
    product: Product
    fixture: Fixture
    x: float
    y: float


@dataclass(frozen=True)
class Planogram:
    """The whole plan."""

    width: float
    height: float
    products: tuple[Product, ...]
    fixtures: tuple[Fixture, ...]
    positions: tuple[Position, ...]


Entry = TypeVar("Entry", Product, Fixture, Position)


def read_planogram(body: Any) -> Planogram:
    """Return the planogram in a request; raises ShelfProblem naming the field and the id."""
    fields = Fields(body, "planogram")
    width, height = fields.read_length("width"), fields.read_length("height")
    products = _read_entries(fields, "products", _read_product, MAX_ENTRIES)
    fixtures = _read_entries(fields, "fixtures", _read_fixture, MAX_ENTRIES)

    def read_position(entry: Fields, name: str) -> Position:
        product = _find(products, entry, "productId", "products")
        fixture = _find(fixtures, entry, "fixtureId", "fixtures")
        return Position(name, product, fixture, entry.read_offset("x"), entry.read_offset("y"))

    positions = _read_entries(fields, "positions", read_position, MAX_POSITIONS)
    return Planogram(width, height, tuple(products.values()), tuple(fixtures.values()), tuple(positions.values()))


def _read_entries(
    fields: Fields, field: str, read: Callable[[Fields, str], Entry], max_entries: int
) -> Mapping[str, Entry]:
    """Return the entries of a list by their ids."""
    listed, place = fields.read_list(field), fields.name_place(field)
    if not listed:
        raise ShelfProblem("it is empty; at least one is needed", place)
    if len(listed) > max_entries:
        raise ShelfProblem(f"it has {len(listed):,} entries, at most {max_entries:,}; send a part of the shelf", place)
    found: dict[str, Entry] = {}
    for number, item in enumerate(listed):
        name = Fields(item, f"{place}[{number}]").read_text("id")
        if name in found:
            raise ShelfProblem(f"the id {name!r} is given twice; give each its own", f"{place}[{number}].id")
        found[name] = read(Fields(item, f"{place}[{number}] (id {name!r})"), name)
    return found


def _read_product(entry: Fields, name: str) -> Product:
    return Product(name, entry.read_text("name"), entry.read_length("w"), entry.read_length("h"))


def _read_fixture(entry: Fields, name: str) -> Fixture:
    x, y = entry.read_offset("x"), entry.read_offset("y")
    return Fixture(name, x, y, entry.read_length("w"), entry.read_length("h"))


def _find(known: Mapping[str, Entry], entry: Fields, field: str, listed: str) -> Entry:
    name = entry.read_text(field)
    if name not in known:
        raise ShelfProblem(f"{name!r} is the id of none of planogram.{listed}; add it there", entry.name_place(field))
    return known[name]

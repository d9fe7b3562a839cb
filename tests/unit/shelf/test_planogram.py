"""What a planogram has to hold; each problem names the field and the id."""

import copy
from typing import Any

import pytest

from darkroom_shelf.errors import ShelfProblem
from darkroom_shelf.planogram import MAX_POSITIONS, read_planogram

BODY: dict[str, Any] = {
    "width": 50.0,
    "height": 72.0,
    "products": [{"id": "p1", "name": "oats", "w": 4, "h": 6.5}, {"id": "p2", "name": "tea", "w": 3, "h": 5}],
    "fixtures": [{"id": "f1", "x": 0, "y": 30, "w": 50, "h": 1}],
    "positions": [{"id": "a", "productId": "p1", "fixtureId": "f1", "x": 2, "y": 23.5}],
}


def change(path: str, value: Any) -> dict[str, Any]:
    """Return the body with another value at a path; without the key where the value is `...`."""
    body = copy.deepcopy(BODY)
    *way, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    place: Any = body
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


def test_a_planogram_is_read_with_what_its_positions_refer_to() -> None:
    planogram = read_planogram(BODY)
    (position,) = planogram.positions
    assert (position.id, position.product.name, position.fixture.y, position.y) == ("a", "oats", 30.0, 23.5)


def test_keys_are_read_in_any_case() -> None:
    def pascal(value: Any) -> Any:
        if isinstance(value, dict):
            return {key[0].upper() + key[1:]: pascal(item) for key, item in value.items()}
        return [pascal(item) for item in value] if isinstance(value, list) else value

    assert read_planogram(pascal(BODY)) == read_planogram(BODY)


REQUIRED = (
    *("width", "height", "products", "fixtures", "positions"),
    *(f"products/0/{field}" for field in ("id", "name", "w", "h")),
    *(f"fixtures/0/{field}" for field in ("id", "x", "y", "w", "h")),
    *(f"positions/0/{field}" for field in ("id", "productId", "fixtureId", "x", "y")),
)


@pytest.mark.parametrize("path", REQUIRED)
def test_each_field_is_required_and_named_when_it_is_missing(path: str) -> None:
    with pytest.raises(ShelfProblem, match="it is missing") as caught:
        read_planogram(change(path, ...))
    assert caught.value.field.endswith(f".{path.rpartition('/')[2]}")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("positions/0/productId", "p9", "planogram.positions[0] (id 'a').productId: 'p9' is the id of none of"),
        ("positions/0/fixtureId", "f9", "planogram.positions[0] (id 'a').fixtureId: 'f9' is the id of none of"),
        ("products/0/w", 0, "planogram.products[0] (id 'p1').w: it is 0; a length is more than 0"),
        ("products/1/h", -2, "planogram.products[1] (id 'p2').h: it is -2;"),
        ("fixtures/0/w", 0, "planogram.fixtures[0] (id 'f1').w: it is 0"),
        ("width", 0, "planogram.width: it is 0"),
        ("positions/0/x", -0.5, "planogram.positions[0] (id 'a').x: it is -0.5; an offset"),
        ("products/1/id", "p1", "planogram.products[1].id: the id 'p1' is given twice"),
        ("products", [], "planogram.products: it is empty"),
        ("fixtures", [], "planogram.fixtures: it is empty"),
        ("positions", [], "planogram.positions: it is empty"),
        ("positions", {}, "planogram.positions: it is not a list"),
        ("positions/0", 7, "planogram.positions[0]: it is not an object"),
        ("products/0/name", "n" * 256, "(id 'p1').name: it is not a text of 1 to 255"),
        ("products/0/name", " ", "(id 'p1').name: it is not a text"),
        ("positions/0/id", 5, "planogram.positions[0].id: it is not a text"),
        ("height", True, "planogram.height: it is not a number"),
        ("height", float("inf"), "planogram.height: it is beyond"),
        ("height", float("nan"), "planogram.height: it is beyond"),
        ("height", 10**400, "planogram.height: it is beyond"),
        ("height", "72", "planogram.height: it is not a number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_with_its_field_and_id(path: str, value: Any, message: str) -> None:
    with pytest.raises(ShelfProblem) as caught:
        read_planogram(change(path, value))
    assert message in str(caught.value)


def test_more_positions_than_the_limit_are_refused_with_the_limit() -> None:
    with pytest.raises(ShelfProblem, match="10,001 entries, at most 10,000"):
        read_planogram(change("positions", BODY["positions"] * (MAX_POSITIONS + 1)))


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_what_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(ShelfProblem, match="planogram: it is not an object"):
        read_planogram(body)

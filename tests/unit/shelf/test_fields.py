"""Fields of a JSON object: keys in any case, places in problems."""

import pytest

from darkroom_shelf.errors import ShelfProblem
from darkroom_shelf.fields import Fields


def test_keys_are_found_in_any_case_and_null_counts_as_absent() -> None:
    fields = Fields({"FixtureId": "f", "w": None}, "a")
    assert fields.read_text("fixtureId") == "f"
    assert not fields.has("w")


def test_the_place_of_a_field_is_that_of_its_object_and_its_name() -> None:
    inner = Fields({"box": {"w": 0}}, "objects[3]").read_object("box")
    with pytest.raises(ShelfProblem) as caught:
        inner.read_length("w")
    assert caught.value.field == "objects[3].box.w"


@pytest.mark.parametrize("length", [5e-324, 1e-160, 9e-7])
def test_a_length_of_which_no_quotient_can_be_made_is_refused(length: float) -> None:
    with pytest.raises(ShelfProblem, match="use a smaller unit"):
        Fields({"w": length}, "a").read_length("w")

"""Reading a JSON object by its fields: keys in any case, and a problem that names the field of each wrong value.

Must not know what an object means.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_shelf.errors import ShelfProblem

MAX_TEXT: Final = 255
MAX_NUMBER: Final = 1e9
"""Of a length or an offset, whatever the unit: far beyond it, sums of squares lose their digits."""

LEAST_LENGTH: Final = 1e-6
"""Below it quotients of lengths are no numbers any more."""


class Fields:
    """One object at a place in a body."""

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, Mapping):
            raise ShelfProblem("it is not an object; send {...}", place)
        self._values = {str(key).lower(): item for key, item in value.items()}
        self.place = place

    def name_place(self, field: str) -> str:
        """Return where a field of this object is."""
        return f"{self.place}.{field}" if self.place else field

    def has(self, field: str) -> bool:
        """Return whether the object has this field, and not null in it."""
        return self._values.get(field.lower()) is not None

    def read(self, field: str) -> Any:
        """Return what a field holds, which has to be there."""
        if not self.has(field):
            raise ShelfProblem("it is missing; every field is required", self.name_place(field))
        return self._values[field.lower()]

    def read_object(self, field: str) -> "Fields":
        """Return the object in a field."""
        return Fields(self.read(field), self.name_place(field))

    def read_list(self, field: str) -> Sequence[Any]:
        """Return the list in a field."""
        found = self.read(field)
        if not isinstance(found, list):
            raise ShelfProblem("it is not a list; send [...]", self.name_place(field))
        return found

    def read_text(self, field: str) -> str:
        """Return the text in a field, with at least one character."""
        found = self.read(field)
        if not isinstance(found, str) or not found.strip() or len(found) > MAX_TEXT:
            raise ShelfProblem(f"it is not a text of 1 to {MAX_TEXT} characters", self.name_place(field))
        return found

    def read_number(self, field: str) -> float:
        """Return the number in a field."""
        found = self.read(field)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise ShelfProblem("it is not a number", self.name_place(field))
        if not abs(found) <= MAX_NUMBER:  # neither is what is no number
            raise ShelfProblem(f"it is beyond {MAX_NUMBER:,.0f}; use a larger unit", self.name_place(field))
        return float(found)

    def read_offset(self, field: str) -> float:
        """Return a number that is 0 or more."""
        found = self.read_number(field)
        if found < 0:
            raise ShelfProblem(f"it is {found:g}; an offset from the top left is 0 or more", self.name_place(field))
        return found

    def read_length(self, field: str) -> float:
        """Return a number that is more than 0."""
        found = self.read_number(field)
        if found <= 0:
            raise ShelfProblem(f"it is {found:g}; a length is more than 0", self.name_place(field))
        if found < LEAST_LENGTH:
            text = f"it is {found:g}, less than {LEAST_LENGTH:f}; use a smaller unit"
            raise ShelfProblem(text, self.name_place(field))
        return found

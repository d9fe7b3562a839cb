"""Ids of one annotation file, each as a number of 64 bits, whatever form it is written in.

Owns which ids are the same (7, 7.0 and "7" are) and how messages show one: as the file has it. Must not do: know what
an id belongs to.
"""

import json
import math
import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom_trainer.data.coco.values import show_value
from darkroom_trainer.data.records.findings import Findings, WrittenId

MAX_MAPPED: Final = 3_000_000
"""Ids of one file that are text or large: more than its images and annotations can need, and a bound for memory."""
_PLAIN: Final = 2**62
"""Integers below it, either side of zero, stand for themselves; the others, and text, count up from the lowest."""
_LOWEST: Final = -(2**63) + 1
_MAX_BITS: Final = 256
_MAX_TEXT: Final = 1024
_MAX_SHOWN: Final = 120
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,77})")
_HALVES: Final = re.compile("[\ud800-\udfff]")

Integers = npt.NDArray[np.int64]


class TooManyIds(ValueError):
    """A file whose ids would take too much memory; the text says what to do."""


class IdBook:
    """The ids of one file: from what is written to a number, and back."""

    def __init__(self) -> None:
        self._numbers: dict[WrittenId, int] = {}
        self._written: list[WrittenId] = []

    def to_number(self, value: object) -> int | None:
        """Return the number for an id, or None for what is none: neither a whole number nor a text."""
        written = _normalise(value)
        if written is None or (isinstance(written, int) and abs(written) < _PLAIN):
            return written
        number = self._numbers.get(written)
        return self._map(written) if number is None else number

    def _map(self, written: WrittenId) -> int:
        if len(self._written) == MAX_MAPPED:
            raise TooManyIds(
                f"has more than {MAX_MAPPED:,} ids that are text or beyond 62 bits; number images and annotations"
            )
        number = _LOWEST + len(self._written)
        self._numbers[written] = number
        self._written.append(written)
        return number

    def to_column(self, values: list[Any]) -> Integers | None:
        """Return the numbers for many ids, or None where one of them is none."""
        if not set(map(type, values)) - {int}:
            try:
                column = np.array(values, dtype=np.int64)
            except OverflowError:
                pass
            else:
                if ((column > -_PLAIN) & (column < _PLAIN)).all():
                    return column
        numbers = [self.to_number(value) for value in values]
        return None if None in numbers else np.array(numbers, dtype=np.int64)

    def read(self, entry: dict[str, Any], field: str, where: str, findings: Findings) -> int | None:
        """Return the number for the id in a field; notes a problem and returns None where there is none."""
        value = entry.get(field)
        number = self.to_number(value)
        if number is None:
            said = "is missing" if value is None else f"must be a whole number or text, {show_value(value)} found"
            findings.add(where, f"{field} {said}")
        return number

    def get_written(self, number: int) -> WrittenId:
        """Return an id as the file has it."""
        return int(number) if abs(number) < _PLAIN else self._written[number - _LOWEST]

    def show(self, number: int | np.signedinteger[Any]) -> str:
        """Return an id as messages show it."""
        written = self.get_written(int(number))
        text = str(written) if isinstance(written, int) else json.dumps(written, ensure_ascii=False)
        return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def is_plain(number: int) -> bool:
    """Return whether the number of an id is the id itself, so that it has an order."""
    return abs(number) < _PLAIN


def _normalise(value: object) -> WrittenId | None:
    """Return an id in one form: a whole number where it can only be one, else its text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() and abs(value) < 2**63 else None
    if isinstance(value, int):
        return value if value.bit_length() <= _MAX_BITS else None
    if not isinstance(value, str) or not value.strip() or len(value) > _MAX_TEXT or _HALVES.search(value):
        return None
    return int(value) if _DECIMAL.fullmatch(value) else value

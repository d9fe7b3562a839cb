"""The labels of one image as YOLO has them: a line for each object.

Owns the forms of a line: a box, a polygon, four corners, a box with keypoints. Pure. Must not do: I/O, or judge boxes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np

from darkroom_trainer.data.coco.box_checks import TOLERANCE, are_absolute
from darkroom_trainer.data.coco.box_conventions import BoxConvention, BoxShape, BoxUnit
from darkroom_trainer.data.formats.line_files import Box, LineFile

MAX_BYTES: Final = 4 << 20
_MAX_PROBLEMS: Final = 1_000
"""Of one file; lines behind the last are not read: it is no file of labels."""
_MAX_CLASS: Final = 10**9
_BOX_NUMBERS: Final = 4
_CORNER_NUMBERS: Final = 8
_LEAST_NUMBERS: Final = 6
"""Of a polygon."""
_FORM: Final = "write class, center x, center y, width and height, as shares of the image's sides"


CONVENTION: Final = BoxConvention(BoxShape.CENTER_SIZE, BoxUnit.RELATIVE)


class YoloFile(LineFile):
    """The labels that a data.yaml stands for."""

    box_field = "box"

    def advise_shape(self, name: str) -> str:
        """Return what to do where boxes fit as another form."""
        return f"they are no labels of YOLO ({name} instead): {_FORM}"


class LineForm(Enum):
    """What a line holds behind its class."""

    BOX = "box"
    POLYGON = "polygon"
    CORNERS = "corners"


@dataclass(frozen=True)
class LabelLine:
    """One object; `box` is [center x, center y, width, height], but [left, top, width, height] of a polygon."""

    line: int
    category: int
    box: Box
    form: LineForm = LineForm.BOX


@dataclass(frozen=True)
class LabelText:
    """The objects of one image, and what is wrong with other lines, by their number."""

    objects: list[LabelLine] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)


def parse_labels(text: bytes, *, has_keypoints: bool = False) -> LabelText:
    """Return the objects that a file of labels names; blank lines are none."""
    parsed = LabelText()
    for number, line in enumerate(text.decode("utf-8-sig", errors="replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        found = _parse_line(number, words, has_keypoints=has_keypoints)
        if isinstance(found, LabelLine):
            parsed.objects.append(found)
        else:
            parsed.problems.append((number, found))
            if len(parsed.problems) == _MAX_PROBLEMS:
                break
    return parsed


def _parse_line(line: int, words: Sequence[str], *, has_keypoints: bool) -> LabelLine | str:
    numbers = _read_numbers(words)
    if numbers is None:
        separated = " with blanks between them" if "," in words[0] or ";" in words[0] else ""
        return f"must be numbers{separated}, the first of which is the class's in names; {_FORM}"
    number, values = numbers[0], numbers[1:]
    if not number.is_integer() or not 0 <= number < _MAX_CLASS:
        return f"begins with {words[0][:20]}, which is no class number; {_FORM}"
    category, count = int(number), len(values)
    if count == _BOX_NUMBERS or (has_keypoints and count > _BOX_NUMBERS):
        return LabelLine(line, category, (values[0], values[1], values[2], values[3]))
    if count == _CORNER_NUMBERS:
        left, top, width, height = _surround(values)
        return LabelLine(line, category, (left + width / 2, top + height / 2, width, height), LineForm.CORNERS)
    if count >= _LEAST_NUMBERS and count % 2 == 0:
        return LabelLine(line, category, _surround(values), LineForm.POLYGON)
    if count == _BOX_NUMBERS + 1:
        return "has a number behind its box: the confidence of a model's own answer, or an angle; remove it"
    return f"has {count} numbers behind its class, a box has {_BOX_NUMBERS} and a polygon an even count; {_FORM}"


def _read_numbers(words: Sequence[str]) -> list[float] | None:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    return numbers if math.isfinite(numbers[0]) else None


def _surround(values: Sequence[float]) -> Box:
    """Return [left, top, width, height] around points, x and y in turn."""
    across, down = values[::2], values[1::2]
    left, top = min(across), min(down)
    box = left, top, max(across) - left, max(down) - top
    # The least and the most of numbers pass over one that is none.
    return box if all(map(math.isfinite, values)) else (math.nan, math.nan, math.nan, math.nan)


def find_wrong_unit(file: LineFile) -> tuple[str, str] | None:
    """Return the first line and what is wrong with most: numbers that are no shares of the image's sides."""
    boxes = file.annotations.boxes
    if not are_absolute(boxes):
        return None
    rows = np.flatnonzero((boxes > 1 + TOLERANCE).any(axis=1))
    is_percent = bool(np.nanmax(boxes) <= 100 * (1 + TOLERANCE))
    unit, divisor = ("percent", "100") if is_percent else ("pixels", "the image's width and height")
    said = f"{len(rows):,} of {len(boxes):,} lines hold numbers above 1, so they look like {unit}"
    return file.name_annotation(rows[0]), f"{said}; divide them by {divisor}: {_FORM}"

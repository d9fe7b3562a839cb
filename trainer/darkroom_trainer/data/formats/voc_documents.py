"""One file of Pascal VOC (XML): the objects of one image.

Owns its syntax. Pure. Must not do: I/O, or judge boxes.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_labels.xml_events import XmlProblem, walk
from darkroom_trainer.data import file_types
from darkroom_trainer.data.coco.box_conventions import BoxConvention, BoxShape, BoxUnit
from darkroom_trainer.data.formats.line_files import Box, LineFile

MAX_BYTES: Final = 4 << 20
_CORNERS: Final = ("xmin", "ymin", "xmax", "ymax")
_TURNED: Final = ("cx", "cy", "w", "h")
_MAX_DEPTH: Final = 64
_MAX_TEXT: Final = 4096
_OF_FILE: Final = frozenset({("filename",), ("size", "width"), ("size", "height")})
_OF_OBJECT: Final = frozenset({
    ("name",), ("difficult",), ("bndbox",), *(("bndbox", corner) for corner in _CORNERS),
    *(("robndbox", corner) for corner in (*_TURNED, "angle")),
})  # fmt: skip
"""Elements that count, by the names on the way to them; of others nothing is kept."""


FROM_ONE: Final = BoxConvention(BoxShape.PIXEL_CORNERS, BoxUnit.PIXELS)
FROM_ZERO: Final = BoxConvention(BoxShape.CORNERS, BoxUnit.PIXELS)


class VocFile(LineFile):
    """What the XML files of a folder say."""

    box_field = "bndbox"

    @property
    def may_have_other_shape(self) -> bool:
        """Return that it may not: its fields have names."""
        return False


@dataclass(frozen=True)
class VocObject:
    """One object; `box` is [xmin, ymin, xmax, ymax] as written.

    Where it `is_turned`, it is the box before a turn by `rotation` degrees clockwise.
    """

    tag: str
    line: int
    box: Box
    is_turned: bool = False
    rotation: float = 0.0
    is_difficult: bool = False


@dataclass(frozen=True)
class VocDocument:
    """What a file says; `size` is NaN where it says nothing usable. Of other objects, what is wrong with each line."""

    file_name: str
    size: tuple[float, float]
    objects: list[VocObject] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)


class VocProblem(Exception):
    """A file that is none of Pascal VOC; the text says what it is and what to do."""


def parse_document(text: bytes) -> VocDocument:
    """Return what one file says; raises VocProblem."""
    described = file_types.describe_annotations(text, AnnotationFormat.PASCAL_VOC)
    if described is not None:
        raise VocProblem(described)
    reader = _Reader()
    try:
        walk(text, reader.begin, reader.end, reader.take)
    except XmlProblem as problem:
        raise VocProblem(f"is not a file of Pascal VOC: {problem}") from problem
    return reader.build()


@dataclass
class _Entry:
    """An object as it is read: the text of each field by its path within."""

    line: int
    fields: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Keeps the text of the elements that count. Parts of an object, which have a box of their own, do not."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._text: list[str] = []
        self._taken = 0
        self._top: dict[str, str] = {}
        self._entries: list[_Entry] = []

    def begin(self, name: str, _attributes: dict[str, str], line: int) -> None:
        if not self._path and name != "annotation":
            raise VocProblem(f"is not a file of Pascal VOC: it begins with <{name[:40]}>, not with <annotation>")
        if len(self._path) == _MAX_DEPTH:
            raise VocProblem(f"line {line} is more than {_MAX_DEPTH} elements deep")
        self._path.append(name)
        self._text, self._taken = [], 0
        if self._path == ["annotation", "object"]:
            self._entries.append(_Entry(line))

    def take(self, text: str) -> None:
        if self._taken < _MAX_TEXT:
            self._text.append(text)
            self._taken += len(text)

    def end(self, _name: str) -> None:
        text, path = "".join(self._text).strip(), self._path
        of_object, of_file = tuple(path[2:]), tuple(path[1:])
        if path[:2] == ["annotation", "object"] and of_object in _OF_OBJECT and self._entries:
            self._entries[-1].fields.setdefault("/".join(of_object), text)
        elif path[:1] == ["annotation"] and of_file in _OF_FILE:
            self._top.setdefault("/".join(of_file), text)
        self._text, self._taken = [], 0
        path.pop()

    def build(self) -> VocDocument:
        size = tuple(_read_side(self._top.get(f"size/{side}", "")) for side in ("width", "height"))
        document = VocDocument(self._top.get("filename", ""), (size[0], size[1]))
        for entry in self._entries:
            found = _read_object(entry)
            if isinstance(found, VocObject):
                document.objects.append(found)
            else:
                document.problems.append((entry.line, found))
        return document


def _read_object(entry: _Entry) -> VocObject | str:
    """Return an object, or what is wrong with it."""
    fields = entry.fields
    tag = fields.get("name", "")
    if not tag:
        return "has no name: write the tag of the object"
    is_difficult = fields.get("difficult", "0").strip() in ("1", "true", "True")
    if any(f"robndbox/{corner}" in fields for corner in _TURNED):
        numbers = _read_numbers(fields, "robndbox", (*_TURNED, "angle"))
        if numbers is None:
            return "robndbox must give numbers as cx, cy, w, h and angle (radians)"
        across, down, width, height, angle = numbers
        box = across - width / 2, down - height / 2, across + width / 2, down + height / 2
        return VocObject(tag, entry.line, box, True, math.degrees(angle) % 360, is_difficult)
    numbers = _read_numbers(fields, "bndbox", _CORNERS)
    if numbers is None:
        said = "has no bndbox" if not any(path.startswith("bndbox") for path in fields) else "bndbox is not complete"
        return f"{said}: it must give numbers as xmin, ymin, xmax and ymax, in pixels"
    return VocObject(tag, entry.line, (numbers[0], numbers[1], numbers[2], numbers[3]), is_difficult=is_difficult)


def _read_numbers(fields: dict[str, str], element: str, names: tuple[str, ...]) -> list[float] | None:
    try:
        return [float(fields[f"{element}/{name}"]) for name in names]
    except (KeyError, ValueError):
        return None


def _read_side(text: str) -> float:
    try:
        side = float(text)
    except ValueError:
        return math.nan
    return side if 0 < side < 1e9 else math.nan


def begins_at_zero(found: VocObject) -> bool:
    """Return whether a box cannot be of pixels counted from 1: it begins at 0, or holds a fraction."""
    if found.is_turned or not all(map(math.isfinite, found.box)):
        return False
    return any(0 <= side < 1 for side in found.box[:2]) or any(side % 1 for side in found.box)

"""The annotations of a file as columns: ids, boxes and marks.

Owns the fields of an annotation and their types. Must not do: I/O, or checks that need more than one entry.
"""

import itertools
import math
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom_labels.boxes import BOX_MODES
from darkroom_trainer.data.coco.identifiers import IdBook, Integers
from darkroom_trainer.data.coco.values import show_value
from darkroom_trainer.data.records.findings import Findings

_ID_FIELDS: Final = ("id", "image_id", "category_id")
_NUMBERS: Final = frozenset({int, float})
_CROWD_MARKS: Final = (1, "1")
_MAX_FORMATS: Final = 3
_LEAST_NUMBERS: Final = 6
"""Of a polygon: three points."""
_ANGLE_FIELDS: Final = ("rotation", "angle")

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Entry = dict[str, Any]
Placed = list[tuple[int, Entry]]
"""Entries, each with its position in its list."""


@dataclass(frozen=True)
class AnnotationTable:
    """The annotations as columns of length N; `boxes` is (N, 4), rows of NaN where `has_box` is false.

    Boxes are as written, but [left, top, width, height] around the polygon where `outlined`. `refused` marks those that
    a problem is noted for already. `crowd` marks boxes around many things (`iscrowd`). `rotation` is in degrees
    clockwise about the centre: 0 for none, NaN for an angle of which it is not known how it is meant.
    """

    ids: Integers
    image_ids: Integers
    category_ids: Integers
    crowd: Flags
    boxes: Floats
    has_box: Flags
    outlined: Flags
    refused: Flags
    rotation: Floats


class AnnotationReader:
    """Takes the annotations of one file in batches.

    `formats` collects what they declare of their own boxes, None among it where some declare nothing.
    """

    def __init__(self, name: str, ids: IdBook, findings: Findings, *, with_boxes: bool) -> None:
        self._name = name
        self._ids = ids
        self._findings = findings
        self._with_boxes = with_boxes
        self._tables: list[AnnotationTable] = []
        self.formats: list[str | None] = []

    def take(self, entries: Placed) -> None:
        """Read column by column: a file may hold millions, and a pass over plain lists is what Python does fastest."""
        kept = [entry for _, entry in entries]
        columns = self._read_ids(kept)
        if columns is None:
            kept = self._drop_without_ids(entries)
            columns = self._read_ids(kept)
        assert columns is not None, "entries without ids are dropped"
        crowd = np.array([entry.get("iscrowd") in _CROWD_MARKS for entry in kept], dtype=bool)
        boxes = self._read_boxes(kept, columns[0]) if self._with_boxes else _no_boxes(len(kept))
        own, image_ids, category_ids = columns
        self._tables.append(AnnotationTable(own, image_ids, category_ids, crowd, *boxes))

    def build(self) -> AnnotationTable:
        """Return all rows in one table."""
        nothing = np.zeros(0, dtype=np.int64)
        tables = [AnnotationTable(nothing, nothing, nothing, nothing == 0, *_no_boxes(0)), *self._tables]
        names = [column.name for column in fields(AnnotationTable)]
        return AnnotationTable(**{name: np.concatenate([getattr(table, name) for table in tables]) for name in names})

    def _read_ids(self, entries: list[Entry]) -> list[Integers] | None:
        """Return the columns of ids, None where an entry lacks one."""
        columns = [self._ids.to_column([entry.get(field) for entry in entries]) for field in _ID_FIELDS]
        complete = [column for column in columns if column is not None]
        return complete if len(complete) == len(_ID_FIELDS) else None

    def _drop_without_ids(self, entries: Placed) -> list[Entry]:
        kept = []
        for position, entry in entries:
            number = self._ids.to_number(entry.get("id"))
            place = f"annotations[{position}]" if number is None else f"annotation {self._ids.show(number)}"
            read = [self._ids.read(entry, field, f"{self._name} {place}", self._findings) for field in _ID_FIELDS]
            if None not in read:
                kept.append(entry)
        return kept

    def _read_boxes(self, entries: list[Entry], ids: Integers) -> tuple[Floats, Flags, Flags, Flags, Floats]:
        """Return the columns from `boxes` on."""
        boxes, has_box, outlined, refused, rotation = _no_boxes(len(entries))
        values = [entry.get("bbox") for entry in entries]
        has_box[:] = [value is not None and value != [] for value in values]
        rows = np.flatnonzero(has_box).tolist()
        read = _convert([values[row] for row in rows])
        if read is not None:
            boxes[rows] = read
        else:
            for row in rows:
                boxes[row], refused[row] = self._read_box(values[row], ids[row])
        for row in np.flatnonzero(~has_box).tolist():
            outline = _find_outline(entries[row].get("segmentation"))
            if outline is not None:
                boxes[row], has_box[row], outlined[row] = outline, True, True
        for row, entry in enumerate(entries):
            if "attributes" in entry or "rotation" in entry or "angle" in entry:
                rotation[row] = _read_rotation(entry)
        self._note_formats(entries)
        return boxes, has_box, outlined, refused, rotation

    def _read_box(self, box: object, number: np.int64) -> tuple[Any, bool]:
        """Return one box and whether it was refused."""
        read = _convert([box])
        if read is not None:
            return read[0], False
        self._findings.add(
            f"{self._name} annotation {self._ids.show(number)}",
            f"bbox must be four numbers [left, top, width, height], {show_value(box)} found",
        )
        return math.nan, True

    def _note_formats(self, entries: list[Entry]) -> None:
        declaring = [entry for entry in entries if "bbox_format" in entry or "bbox_mode" in entry]
        declared = [_read_format(entry) for entry in declaring]
        for name in [*declared, None] if len(declared) < len(entries) else declared:
            if name not in self.formats and len(self.formats) < _MAX_FORMATS:
                self.formats.append(name)


def _no_boxes(count: int) -> tuple[Floats, Flags, Flags, Flags, Floats]:
    """Return the columns from `boxes` on, of annotations without any."""
    flags = [np.zeros(count, dtype=bool) for _ in range(3)]
    return np.full((count, 4), np.nan), flags[0], flags[1], flags[2], np.zeros(count)


def _convert(boxes: list[Any]) -> Floats | None:
    """Return boxes as (N, 4), None where one of them is not four numbers."""
    if not boxes:
        return np.zeros((0, 4))
    try:
        read = np.array(boxes, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    # numpy would turn text, booleans and None into numbers.
    usable = read.shape == (len(boxes), 4) and all(_NUMBERS.issuperset(map(type, box)) for box in boxes)
    return read if usable else None


def _find_outline(segmentation: object) -> list[float] | None:
    """Return the box around a polygon, or around several; None where there is none.

    A polygon is a list of x and y in turn, or of pairs; a segmentation is a list of polygons, or one alone.
    """
    if not isinstance(segmentation, list) or not segmentation:
        return None
    parts = segmentation if all(isinstance(part, list) for part in segmentation) else [segmentation]
    if any(len(part) % 2 for part in parts):
        return None
    flat = list(itertools.chain.from_iterable(parts))
    if len(flat) < _LEAST_NUMBERS or not _NUMBERS.issuperset(map(type, flat)):
        return None
    across, down = flat[::2], flat[1::2]
    left, top = min(across), min(down)
    try:
        outline = [float(number) for number in (left, top, max(across) - left, max(down) - top)]
        return outline if math.isfinite(sum(flat)) else [math.nan] * 4
    except OverflowError:
        return [math.nan] * 4


def _read_rotation(entry: Entry) -> float:
    """Return the angle of an annotation in degrees; only `attributes.rotation`, as CVAT writes it, is known."""
    attributes = entry.get("attributes")
    within = attributes if isinstance(attributes, dict) else {}
    if "rotation" in within:
        return _read_degrees(within["rotation"])
    angles = [holder[field] for holder in (entry, within) for field in _ANGLE_FIELDS if field in holder]
    return math.nan if any(_read_degrees(angle) != 0 for angle in angles) else 0.0


def _read_degrees(value: Any) -> float:
    if value in (None, "", False):
        return 0.0
    try:
        degrees = float(value) % 360
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return degrees


def _read_format(entry: Entry) -> str | None:
    """Return what an annotation declares of its own box, None for nothing."""
    declared = entry.get("bbox_format")
    mode = entry.get("bbox_mode") if declared is None else None
    if type(mode) is int and 0 <= mode < len(BOX_MODES):
        return BOX_MODES[mode]
    return name_format(declared if mode is None else mode)


def name_format(declared: object) -> str | None:
    """Return a declared form of boxes as text, None for nothing."""
    return declared if declared is None or isinstance(declared, str) else show_value(declared)

"""COCO text to records and columns.

Owns the syntax: JSON, fields and their types. Must not do: I/O, or checks that need more than one entry (`checks.py`).

The dialect is that of the replaced service and its relatives: `bbox` is [left, top, width, height]; sizes may be
floats; `area` is ignored because exports fill it wrongly; ids may start at 0 and have gaps.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from darkroom_trainer.data import file_types
from darkroom_trainer.data.coco import json_stream
from darkroom_trainer.data.records.findings import Findings

SECTIONS: Final = ("images", "annotations", "categories")
MAX_ANNOTATION_BYTES: Final = 1 << 30
_MAX_ID: Final = 2**63 - 1
_MAX_NAME: Final = 256
_MAX_SHOWN: Final = 60
_MAX_SHOWN_NAME: Final = 120
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)
_NUMBERS: Final = frozenset({int, float})
_HALVES: Final = re.compile("[\ud800-\udfff]")
"""Halves of a character outside the basic plane, which no file name and no UTF-8 text can hold."""
_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends and changes of the writing direction; letters of any script are welcome in a tag."""
_ID_FIELDS: Final = ("id", "image_id", "category_id")

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Entry = dict[str, Any]
Placed = list[tuple[int, Entry]]
"""Entries, each with its position in its list."""
Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class ImageRecord:
    """One entry of `images`; sizes in pixels as declared, NaN where absent or unusable."""

    id: int
    width: float
    height: float
    file_name: str | None
    absolute_url: str | None
    coco_url: str | None
    archive: str | None = None
    """What the entry calls `zip_file`, which is not read."""

    @property
    def shown(self) -> str:
        """Return the name to show in messages."""
        name = self.file_name or (self.absolute_url or self.coco_url or "").split("?", 1)[0]
        return name if len(name) <= _MAX_SHOWN_NAME else name[: _MAX_SHOWN_NAME - 1] + "…"


@dataclass(frozen=True)
class AnnotationTable:
    """The annotations as columns of length N; `boxes` is (N, 4) as written, rows of NaN where `has_box` is false.

    `crowd` marks boxes around many things (`iscrowd`).
    """

    ids: Integers
    image_ids: Integers
    category_ids: Integers
    boxes: Floats
    has_box: Flags
    crowd: Flags


@dataclass(frozen=True)
class CocoFile:
    """A file that could be read; entries with a broken field are left out and noted as problems.

    `broken_images` and `broken_categories` are the ids of such entries: what refers to them is not wrong as well.
    """

    name: str
    images: tuple[ImageRecord, ...]
    annotations: AnnotationTable
    categories: tuple[tuple[int, str], ...]
    broken_images: frozenset[int] = frozenset()
    broken_categories: frozenset[int] = frozenset()


def parse_coco(text: bytes, name: str, findings: Findings, *, with_boxes: bool = True) -> CocoFile | None:
    """Return the records of one annotation file, or None where it is not a COCO file at all.

    `name` stands for the file in messages. Without boxes, whatever `bbox` holds is ignored.
    """
    reader = _Reader(name, findings, with_boxes)
    try:
        top = json_stream.read_document(text, reader.take)
    except json_stream.JsonProblem as problem:
        findings.add(name, file_types.describe_annotations(text) or str(problem))
        return None
    wrong = [section for section in SECTIONS if section not in top.lists]
    for section in wrong:
        said = "must be a list" if section in top.keys else "is missing"
        findings.add(name, f"is not a COCO file: {section} {said}")
    return None if wrong else reader.build()


class _Reader:
    """Takes batches of entries and keeps what they say as records and columns."""

    def __init__(self, name: str, findings: Findings, with_boxes: bool) -> None:
        self._name = name
        self._findings = findings
        self._with_boxes = with_boxes
        self._seen = dict.fromkeys(SECTIONS, 0)
        self._images: list[ImageRecord] = []
        self._categories: list[tuple[int, str]] = []
        self._broken: dict[str, set[int]] = {"images": set(), "categories": set()}
        self._tables: list[AnnotationTable] = []

    def take(self, section: str, batch: list[Any]) -> None:
        """Take some entries of one list of the file; lists that are not COCO's are none of our business."""
        if section not in self._seen:
            return
        begin = self._seen[section]
        self._seen[section] += len(batch)
        entries = _keep_objects(batch, begin, f"{self._name} {section}", self._findings)
        if section == "images":
            self._images += self._parse(section, entries, _parse_image)
        elif section == "categories":
            self._categories += self._parse(section, entries, _parse_category)
        else:
            self._tables.append(_parse_annotations(entries, self._name, self._findings, self._with_boxes))

    def _parse(
        self, section: str, entries: Placed, parse: Callable[[Entry, int, str, Findings], Parsed | None]
    ) -> Iterator[Parsed]:
        """Yield the entries that can be parsed, and note the ids of those that cannot."""
        for position, entry in entries:
            number = _read_id(entry, "id", f"{self._name} {section}[{position}]", self._findings)
            if number is None:
                continue
            parsed = parse(entry, number, self._name, self._findings)
            if parsed is None:
                self._broken[section].add(number)
            else:
                yield parsed

    def build(self) -> CocoFile:
        """Return the file that was taken in batches."""
        broken_images, broken_categories = (frozenset(self._broken[section]) for section in ("images", "categories"))
        table = _join_tables(self._tables)
        images, categories = tuple(self._images), tuple(self._categories)
        return CocoFile(self._name, images, table, categories, broken_images, broken_categories)


def _keep_objects(batch: list[Any], begin: int, where: str, findings: Findings) -> Placed:
    """Return the entries that are objects, each with its place in its list."""
    kept = []
    for position, entry in enumerate(batch, start=begin):
        if isinstance(entry, dict):
            kept.append((position, entry))
        else:
            findings.add(f"{where}[{position}]", f"must be an object, {_show(entry)} found")
    return kept


def _parse_image(entry: Entry, number: int, name: str, findings: Findings) -> ImageRecord | None:
    addresses = {}
    for field in ("file_name", "absolute_url", "coco_url"):
        value = entry.get(field)
        if value is not None and not isinstance(value, str):
            findings.add(f"{name} image {number}", f"{field} must be text, {_show(value)} found")
            return None
        if value is not None and _HALVES.search(value):
            findings.add(f"{name} image {number}", f"{field} {_show(value)} holds half of a character; fix the text")
            return None
        addresses[field] = value or None
    if not any(addresses.values()):
        findings.add(f"{name} image {number}", "has no file_name, absolute_url or coco_url: give one of them")
        return None
    archive = entry.get("zip_file")
    archive = archive if isinstance(archive, str) and not _HALVES.search(archive) else None
    sides = _read_side(entry, "width"), _read_side(entry, "height")
    return ImageRecord(number, *sides, **addresses, archive=archive)


def _read_side(entry: Entry, field: str) -> float:
    value = entry.get(field)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
    return float(value) if usable and value is not None else math.nan


def _parse_category(entry: Entry, number: int, name: str, findings: Findings) -> tuple[int, str] | None:
    tag = entry.get("name")
    if not isinstance(tag, str) or not tag.strip():
        findings.add(f"{name} category {number}", f"name must be text that is not empty, {_show(tag)} found")
        return None
    if len(tag) > _MAX_NAME:
        findings.add(f"{name} category {number}", f"name has {len(tag)} characters, at most {_MAX_NAME} are taken")
        return None
    if _UNSHOWABLE.search(tag):
        findings.add(
            f"{name} category {number}",
            f"name {_show(tag)} holds a control character; a tag is text that can be shown on one line",
        )
        return None
    return number, tag


def _read_id(entry: Entry, field: str, where: str, findings: Findings) -> int | None:
    value = entry.get(field)
    number = to_id(value)
    if number is None:
        said = "is missing" if value is None else f"must be a whole number, {_show(value)} found"
        findings.add(where, f"{field} {said}")
    return number


def to_id(value: object) -> int | None:
    """Return an id as an integer (7.0 counts as 7), or None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    usable = isinstance(value, int) and not isinstance(value, bool) and -_MAX_ID <= value <= _MAX_ID
    return value if usable and isinstance(value, int) else None


def _parse_annotations(entries: Placed, name: str, findings: Findings, with_boxes: bool) -> AnnotationTable:
    """Read column by column: a file may hold millions, and one pass over plain lists is what Python does fastest."""
    kept = [entry for _, entry in entries]
    columns = [_read_column(kept, field) for field in _ID_FIELDS]
    if any(column is None for column in columns):
        kept = _drop_without_ids(entries, name, findings)
        columns = [_read_column(kept, field) for field in _ID_FIELDS]
    ids, image_ids, category_ids = (column if column is not None else _no_ids() for column in columns)
    none = np.full((len(kept), 4), np.nan), np.zeros(len(kept), dtype=bool)
    boxes, has_box = _read_boxes(kept, name, findings) if with_boxes else none
    crowd = np.array([entry.get("iscrowd") == 1 for entry in kept], dtype=bool)
    return AnnotationTable(ids, image_ids, category_ids, boxes, has_box, crowd)


def _join_tables(tables: list[AnnotationTable]) -> AnnotationTable:
    """Return all rows in one table."""
    if not tables:
        nothing = np.zeros(0, dtype=bool)
        return AnnotationTable(_no_ids(), _no_ids(), _no_ids(), np.zeros((0, 4)), nothing, nothing)
    return AnnotationTable(
        ids=np.concatenate([table.ids for table in tables]),
        image_ids=np.concatenate([table.image_ids for table in tables]),
        category_ids=np.concatenate([table.category_ids for table in tables]),
        boxes=np.concatenate([table.boxes for table in tables]),
        has_box=np.concatenate([table.has_box for table in tables]),
        crowd=np.concatenate([table.crowd for table in tables]),
    )


def _no_ids() -> Integers:
    return np.zeros(0, dtype=np.int64)


def _read_column(entries: list[Entry], field: str) -> Integers | None:
    """Return the column when every value is an id, else None."""
    values = [entry.get(field) for entry in entries]
    if set(map(type, values)) - {int}:
        numbers = [to_id(value) for value in values]
        if any(number is None for number in numbers):
            return None
        values = numbers
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return None


def _drop_without_ids(entries: Placed, name: str, findings: Findings) -> list[Entry]:
    kept = []
    for position, entry in entries:
        number = to_id(entry.get("id"))
        where = f"{name} annotations[{position}]" if number is None else f"{name} annotation {number}"
        fields = [_read_id(entry, field, where, findings) for field in _ID_FIELDS]
        if all(field is not None for field in fields):
            kept.append(entry)
    return kept


def _read_boxes(entries: list[Entry], name: str, findings: Findings) -> tuple[Floats, Flags]:
    values = [entry.get("bbox") for entry in entries]
    has_box = np.array([value is not None and value != [] for value in values], dtype=bool)
    boxes = np.full((len(entries), 4), np.nan)
    written = [value for value, present in zip(values, has_box, strict=True) if present]
    try:
        read = np.array(written, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        read = np.zeros(0)
    if written and (read.shape != (len(written), 4) or _has_odd_numbers(written)):
        read = np.array([_read_box(entries[row], name, findings) for row in np.flatnonzero(has_box)])
    if written:
        boxes[has_box] = read
    return boxes, has_box


def _has_odd_numbers(written: list[Any]) -> bool:
    """Return whether a value is text or a boolean, which numpy would turn into a number."""
    return any(not _NUMBERS.issuperset(map(type, box)) for box in written)


def _read_box(entry: Entry, name: str, findings: Findings) -> Floats:
    box = entry["bbox"]
    numeric = isinstance(box, list) and _NUMBERS.issuperset(map(type, box))
    if numeric and len(box) == 4 and all(abs(number) < 1e300 or number != number for number in box):
        return np.array(box, dtype=np.float64)
    findings.add(
        f"{name} annotation {to_id(entry.get('id'))}",
        f"bbox must be four numbers [left, top, width, height], {_show(box)} found",
    )
    # Noted already: a box that passes every later check keeps it from being noted twice.
    return np.array([0.0, 0.0, 1.0, 1.0])


def _show(value: object) -> str:
    """Return the beginning of a value as it is written in JSON, whatever its size and depth."""
    if value is None:
        return "nothing"
    text = ""
    for part in _ENCODER.iterencode(value):
        text += part[:_MAX_SHOWN]
        if len(text) > _MAX_SHOWN:
            return text[: _MAX_SHOWN - 1] + "…"
    return text

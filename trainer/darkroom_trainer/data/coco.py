"""COCO text to records and columns.

Owns the syntax: JSON, fields and their types. Must not do: I/O, or checks that need more than one entry (`checks.py`).

The dialect is that of the replaced service and its relatives: `bbox` is [left, top, width, height]; sizes may be
floats; `area` is ignored because exports fill it wrongly; ids may start at 0 and have gaps.
"""

import contextlib
import gc
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from darkroom_trainer.data.findings import Findings

SECTIONS: Final = ("images", "annotations", "categories")
MAX_ANNOTATION_BYTES: Final = 1 << 30
_MAX_ID: Final = 2**63 - 1
_MAX_NAME: Final = 256
_NUMBERS: Final = frozenset({int, float})

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Entry = dict[str, Any]
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

    @property
    def shown(self) -> str:
        """Return the name to show in messages."""
        return self.file_name or (self.absolute_url or self.coco_url or "").split("?", 1)[0]


@dataclass(frozen=True)
class AnnotationTable:
    """The annotations as columns of length N; `boxes` is (N, 4) as written, rows of NaN where `has_box` is false."""

    ids: Integers
    image_ids: Integers
    category_ids: Integers
    boxes: Floats
    has_box: npt.NDArray[np.bool_]


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
    sections = _read_sections(text, name, findings)
    if sections is None:
        return None
    images, broken_images = _parse_all(sections, "images", _parse_image, name, findings)
    categories, broken_categories = _parse_all(sections, "categories", _parse_category, name, findings)
    table = _parse_annotations(sections["annotations"], name, findings, with_boxes)
    return CocoFile(name, images, table, categories, broken_images, broken_categories)


def _parse_all(
    sections: dict[str, list[Any]],
    section: str,
    parse: Callable[[Entry, int, str, Findings], Parsed | None],
    name: str,
    findings: Findings,
) -> tuple[tuple[Parsed, ...], frozenset[int]]:
    """Return the parsed entries of a section, and the ids of those that could not be parsed."""
    kept, broken = [], set()
    for entry, where in _entries(sections, section, name, findings):
        number = _read_id(entry, "id", where, findings)
        if number is None:
            continue
        parsed = parse(entry, number, name, findings)
        if parsed is None:
            broken.add(number)
        else:
            kept.append(parsed)
    return tuple(kept), frozenset(broken)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector: walking a million new objects again and again is nearly half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_sections(text: bytes, name: str, findings: Findings) -> dict[str, list[Any]] | None:
    try:
        with _uncollected():
            document = json.loads(text)
    except json.JSONDecodeError as error:
        findings.add(name, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
        return None
    except UnicodeDecodeError as error:
        findings.add(name, f"is not JSON: it is not valid {error.encoding} text at byte {error.start}")
        return None
    except (ValueError, RecursionError) as error:
        findings.add(name, f"is not JSON that can be read: {error}")
        return None
    if not isinstance(document, dict):
        findings.add(name, "is not a COCO file: the top level must be an object with images, annotations, categories")
        return None
    wrong = [section for section in SECTIONS if not isinstance(document.get(section), list)]
    for section in wrong:
        said = "is missing" if section not in document else "must be a list"
        findings.add(name, f"is not a COCO file: {section} {said}")
    return None if wrong else {section: document[section] for section in SECTIONS}


def _entries(sections: dict[str, list[Any]], section: str, name: str, findings: Findings) -> list[tuple[Entry, str]]:
    kept = []
    for position, entry in enumerate(sections[section]):
        where = f"{name} {section}[{position}]"
        if isinstance(entry, dict):
            kept.append((entry, where))
        else:
            findings.add(where, f"must be an object, {_show(entry)} found")
    return kept


def _parse_image(entry: Entry, number: int, name: str, findings: Findings) -> ImageRecord | None:
    addresses = {}
    for field in ("file_name", "absolute_url", "coco_url"):
        value = entry.get(field)
        if value is not None and not isinstance(value, str):
            findings.add(f"{name} image {number}", f"{field} must be text, {_show(value)} found")
            return None
        addresses[field] = value or None
    if not any(addresses.values()):
        findings.add(f"{name} image {number}", "has no file_name, absolute_url or coco_url: give one of them")
        return None
    return ImageRecord(number, _read_side(entry, "width"), _read_side(entry, "height"), **addresses)


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


def _parse_annotations(entries: list[Any], name: str, findings: Findings, with_boxes: bool) -> AnnotationTable:
    """Read column by column: a file may hold millions, and one pass over plain lists is what Python does fastest."""
    kept = [entry for entry in entries if isinstance(entry, dict)]
    if len(kept) < len(entries):
        _entries({"annotations": entries}, "annotations", name, findings)
    columns = [_read_column(kept, field) for field in ("id", "image_id", "category_id")]
    if any(column is None for column in columns):
        kept = _drop_without_ids(kept, name, findings)
        columns = [_read_column(kept, field) for field in ("id", "image_id", "category_id")]
    ids, image_ids, category_ids = (column if column is not None else _no_ids() for column in columns)
    none = np.full((len(kept), 4), np.nan), np.zeros(len(kept), dtype=bool)
    boxes, has_box = _read_boxes(kept, name, findings) if with_boxes else none
    return AnnotationTable(ids, image_ids, category_ids, boxes, has_box)


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


def _drop_without_ids(entries: list[Entry], name: str, findings: Findings) -> list[Entry]:
    kept = []
    for position, entry in enumerate(entries):
        number = to_id(entry.get("id"))
        where = f"{name} annotations[{position}]" if number is None else f"{name} annotation {number}"
        fields = [_read_id(entry, field, where, findings) for field in ("id", "image_id", "category_id")]
        if all(field is not None for field in fields):
            kept.append(entry)
    return kept


def _read_boxes(entries: list[Entry], name: str, findings: Findings) -> tuple[Floats, npt.NDArray[np.bool_]]:
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
    if value is None:
        return "nothing"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"

"""COCO text to records and columns.

Owns the syntax: lists, fields and their types; those of an annotation are in `annotation_table.py`. Must not do: I/O,
or checks that need more than one entry (`checks.py`).

The dialect is that of the replaced service and its relatives: `bbox` is [left, top, width, height]; sizes may be
floats; `area` is ignored because exports fill it wrongly; ids may be text, start at 0 and have gaps. A file may declare
another form of its boxes as `bbox_format`.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

import numpy as np

from darkroom_trainer.data import file_types
from darkroom_trainer.data.coco import json_stream
from darkroom_trainer.data.coco.annotation_table import AnnotationReader, AnnotationTable, Entry, Placed, name_format
from darkroom_trainer.data.coco.box_conventions import BoxConvention, read_convention
from darkroom_trainer.data.coco.identifiers import IdBook, TooManyIds, is_plain
from darkroom_trainer.data.coco.values import show_value
from darkroom_trainer.data.records.findings import Findings

SECTIONS: Final = ("images", "annotations", "categories")
MAX_ANNOTATION_BYTES: Final = 1 << 30
_MAX_NAME: Final = 256
_MAX_SHOWN_NAME: Final = 120
HALVES: Final = re.compile("[\ud800-\udfff]")
"""Halves of a character outside the basic plane, which no file name and no UTF-8 text can hold."""
_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends and changes of the writing direction; letters of any script are welcome in a tag."""
_REVIEWS: Final = ("pending", "accepted", "rejected")
_DECLARING_KEYS: Final = frozenset({"bbox_format", "info"})

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
    review: str | None = None
    """What a person said of labels that a model proposed; text of another meaning is passed over."""

    @property
    def shown(self) -> str:
        """Return the name to show in messages."""
        name = self.file_name or (self.absolute_url or self.coco_url or "").split("?", 1)[0]
        return name if len(name) <= _MAX_SHOWN_NAME else name[: _MAX_SHOWN_NAME - 1] + "…"


@dataclass(frozen=True)
class CategoryRecord:
    """One entry of `categories`; `group` is its supercategory."""

    id: int
    name: str
    group: str | None


@dataclass(frozen=True)
class CocoFile:
    """A file that could be read; entries with a broken field are left out and noted as problems.

    `broken_images` and `broken_categories` are the ids of such entries: what refers to them is not wrong as well.
    `box_formats` are the different forms that the file declares its boxes to have, None among them where some
    annotations declare nothing though others do. Numbers of ids are those of `ids`.
    """

    name: str
    images: tuple[ImageRecord, ...]
    annotations: AnnotationTable
    categories: tuple[CategoryRecord, ...]
    broken_images: frozenset[int]
    broken_categories: frozenset[int]
    box_formats: tuple[str | None, ...]
    ids: IdBook

    box_field: ClassVar[str] = "bbox"
    """What the file calls a box."""

    @property
    def may_have_other_shape(self) -> bool:
        """Return whether nothing says for sure what the four numbers of a box are."""
        return not self.box_formats

    def read_convention(self) -> BoxConvention:
        """Return how boxes are meant; raises UnknownConvention."""
        return read_convention(self.box_formats)

    def advise_shape(self, name: str) -> str:
        """Return what to do where boxes fit in the shape of this declared name only."""
        return f'declare "bbox_format": "{name}" at the top level of the file, or convert them'

    def list_tags(self) -> list[str]:
        """Return the names of the categories by their ids; as written where ids are text and have no order."""
        ordered = sorted(self.categories, key=lambda category: (0, category.id) if is_plain(category.id) else (1, 0))
        return [category.name for category in ordered]

    def name_image(self, record: ImageRecord) -> str:
        """Return how messages call an image."""
        return f"{self.identify_image(record.id)} ({record.shown})"

    def identify_image(self, number: int | np.signedinteger[Any]) -> str:
        """Return how messages call an image whose file need not be known."""
        return f"{self.name} image {self.ids.show(number)}"

    def name_annotation(self, row: int | np.signedinteger[Any]) -> str:
        """Return how messages call the annotation at `row`."""
        number, image = (self.ids.show(ids[row]) for ids in (self.annotations.ids, self.annotations.image_ids))
        return f"{self.name} annotation {number} (image {image})"


def parse_coco(text: bytes, name: str, findings: Findings, *, with_boxes: bool = True) -> CocoFile | None:
    """Return the records of one annotation file, or None where it is not a COCO file at all.

    `name` stands for the file in messages. Without boxes, whatever `bbox` holds is ignored.
    """
    reader = _Reader(name, findings, with_boxes)
    try:
        top = json_stream.read_document(text, reader.take, kept_keys=_DECLARING_KEYS)
    except (json_stream.JsonProblem, TooManyIds) as problem:
        findings.add(name, file_types.describe_annotations(text) or str(problem))
        return None
    wrong = [section for section in SECTIONS if section not in top.lists]
    for section in wrong:
        said = "must be a list" if section in top.keys else "is missing"
        findings.add(name, f"is not a COCO file: {section} {said}")
    return None if wrong else reader.build(top)


class _Reader:
    """Takes batches of entries and keeps what they say as records and columns."""

    def __init__(self, name: str, findings: Findings, with_boxes: bool) -> None:
        self._name = name
        self._findings = findings
        self._ids = IdBook()
        self._seen = dict.fromkeys(SECTIONS, 0)
        self._images: list[ImageRecord] = []
        self._categories: list[CategoryRecord] = []
        self._broken: dict[str, set[int]] = {"images": set(), "categories": set()}
        self._annotations = AnnotationReader(name, self._ids, findings, with_boxes=with_boxes)

    def take(self, section: str, batch: list[Any]) -> None:
        """Take some entries of one list of the file; lists that are not COCO's are none of our business."""
        if section not in self._seen:
            return
        begin = self._seen[section]
        self._seen[section] += len(batch)
        entries = _keep_objects(batch, begin, f"{self._name} {section}", self._findings)
        if section == "images":
            self._images += self._parse(section, "image", entries, _parse_image)
        elif section == "categories":
            self._categories += self._parse(section, "category", entries, read_category)
        else:
            self._annotations.take(entries)

    def _parse(
        self, section: str, noun: str, entries: Placed, parse: Callable[[Entry, int], Parsed | str]
    ) -> Iterator[Parsed]:
        """Yield the entries that can be parsed, and note the ids of those that cannot."""
        for position, entry in entries:
            number = self._ids.read(entry, "id", f"{self._name} {section}[{position}]", self._findings)
            if number is None:
                continue
            parsed = parse(entry, number)
            if isinstance(parsed, str):
                self._findings.add(f"{self._name} {noun} {self._ids.show(number)}", parsed)
                self._broken[section].add(number)
            else:
                yield parsed

    def build(self, top: json_stream.TopLevel) -> CocoFile:
        """Return the file that was taken in batches."""
        return CocoFile(
            name=self._name,
            images=tuple(self._images),
            annotations=self._annotations.build(),
            categories=tuple(self._categories),
            broken_images=frozenset(self._broken["images"]),
            broken_categories=frozenset(self._broken["categories"]),
            box_formats=_join_formats(top, self._annotations.formats),
            ids=self._ids,
        )


def _join_formats(top: json_stream.TopLevel, of_annotations: list[str | None]) -> tuple[str | None, ...]:
    """Return what a file declares of its boxes: at its top level, in `info`, and in the annotations themselves."""
    info = top.values.get("info")
    declared = [top.values.get("bbox_format"), info.get("bbox_format") if isinstance(info, dict) else None]
    if "bbox_format" in top.lists:
        declared[0] = "[...]"
    of_file = [name_format(value) for value in declared if value is not None]
    of_each = [] if of_annotations == [None] else of_annotations
    return tuple(dict.fromkeys([*of_file, *(name for name in of_each if name is not None or not of_file)]))


def _keep_objects(batch: list[Any], begin: int, where: str, findings: Findings) -> Placed:
    """Return the entries that are objects, each with its place in its list."""
    kept = []
    for position, entry in enumerate(batch, start=begin):
        if isinstance(entry, dict):
            kept.append((position, entry))
        else:
            findings.add(f"{where}[{position}]", f"must be an object, {show_value(entry)} found")
    return kept


def _parse_image(entry: Entry, number: int) -> ImageRecord | str:
    """Return an entry of images, or what is wrong with it."""
    addresses = {}
    for field in ("file_name", "absolute_url", "coco_url"):
        value = entry.get(field)
        if value is not None and not isinstance(value, str):
            return f"{field} must be text, {show_value(value)} found"
        if value is not None and HALVES.search(value):
            return f"{field} {show_value(value)} holds half of a character; fix the text"
        addresses[field] = value or None
    if not any(addresses.values()):
        return "has no file_name, absolute_url or coco_url: give one of them"
    archive = entry.get("zip_file")
    archive = archive if isinstance(archive, str) and not HALVES.search(archive) else None
    review = entry.get("review")
    review = review if review in _REVIEWS else None
    width, height = _read_side(entry, "width"), _read_side(entry, "height")
    return ImageRecord(number, width, height, **addresses, archive=archive, review=review)


def _read_side(entry: Entry, field: str) -> float:
    value = entry.get(field)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
    return float(value) if usable and value is not None else math.nan


def read_category(entry: Entry, number: int) -> CategoryRecord | str:
    """Return an entry of categories, or what is wrong with it."""
    tag, group = entry.get("name"), entry.get("supercategory")
    if not isinstance(tag, str) or not tag.strip():
        return f"name must be text that is not empty, {show_value(tag)} found"
    if len(tag) > _MAX_NAME:
        return f"name has {len(tag)} characters, at most {_MAX_NAME} are taken"
    if _UNSHOWABLE.search(tag):
        return f"name {show_value(tag)} holds a control character; a tag is text that can be shown on one line"
    return CategoryRecord(number, tag, group if isinstance(group, str) else None)

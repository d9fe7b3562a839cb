"""A file of labels as Darkroom writes it, read strictly: who may write to the bucket could put anything there.

Owns that nothing but Darkroom's own form is taken. Pure.
"""

import json
import re
from typing import Any, Final

from darkroom_labels.coco_labels import Box, Entry, Label, LabelFile, LabelledImage, Review

MAX_TEXT: Final = 2048
_HALF: Final = re.compile("[\ud800-\udfff]")
"""Half of a character, which no answer could hold."""
PREVIEW: Final = re.compile(r"previews/[0-9]{1,9}\.jpg")
MAX_COLLECTIONS: Final = 1 << 20
"""Lists and objects of a file: empty ones take fifty times the bytes in memory that they take in the file."""
_MAX_NUMBER: Final = 1e15
_SLACK: Final = 1e-3
"""By which a box may reach over an edge: what was rounded is cut."""


class NotOurs(ValueError):
    """A file of labels that Darkroom did not write; the text says where."""


def read_document(data: bytes) -> LabelFile:
    """Return the labels of a file in the form of `coco_labels.build_document`; raises NotOurs."""
    if data.count(b"[") + data.count(b"{") > MAX_COLLECTIONS:
        raise NotOurs(f"it has more than {MAX_COLLECTIONS:,} lists and objects")
    try:
        document = json.loads(data)
        tags = {entry["id"]: _read_tag(entry["name"]) for entry in document["categories"]}
        labels: dict[int, list[Label]] = {entry["id"]: [] for entry in document["images"]}
        if len(labels) < len(document["images"]):
            raise NotOurs("two images have one id")
        for entry in document["annotations"]:
            labels[entry["image_id"]].append(_read_label(entry, tags[entry["category_id"]]))
        images = tuple(_read_image(entry, tuple(labels[entry["id"]])) for entry in document["images"])
    except NotOurs:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotOurs(f"{type(error).__name__} at {str(error)[:80]}") from error
    return LabelFile(tuple(dict.fromkeys(tags.values())), images)


def _read_label(entry: Entry, tag: str) -> Label:
    box = read_box(entry["bbox"]) if "bbox" in entry else None
    return Label(tag, box, _read_number(entry.get("score")), bool(entry.get("iscrowd")))


def read_box(sides: Any) -> Box:
    """Return a box inside the image; raises NotOurs."""
    if not isinstance(sides, list) or len(sides) != 4 or not all(_is_number(side) for side in sides):
        raise NotOurs("a box is not four numbers")
    left, top, width, height = (float(side) for side in sides)
    if min(left, top) < -_SLACK or min(width, height) <= 0 or max(left + width, top + height) > 1 + _SLACK:
        raise NotOurs("a box is empty or reaches outside its image")
    left, top = max(0.0, left), max(0.0, top)
    return left, top, min(width, 1 - left), min(height, 1 - top)


def _read_image(entry: Entry, labels: tuple[Label, ...]) -> LabelledImage:
    preview, review = entry.get("preview"), entry.get("review")
    return LabelledImage(
        width=_read_number(entry.get("width")),
        height=_read_number(entry.get("height")),
        file_name=_read_text(entry.get("file_name")),
        absolute_url=_read_text(entry.get("absolute_url")),
        coco_url=_read_text(entry.get("coco_url")),
        labels=labels,
        review=Review(review) if review is not None else None,
        uncertainty=_read_number(entry.get("uncertainty")),
        label_by_hand=bool(entry.get("label_by_hand")),
        preview=preview if isinstance(preview, str) and PREVIEW.fullmatch(preview) else None,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER


def _read_number(value: Any) -> float | None:
    return float(value) if _is_number(value) else None


def _read_text(value: Any) -> str | None:
    return None if value is None else _check_text(value, "images")


def _read_tag(value: Any) -> str:
    if _HALF.search(tag := _check_text(value, "categories")):
        raise NotOurs("categories: a name holds half of a character")
    return tag


def _check_text(value: Any, place: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise NotOurs(f"{place}: a name or address is no text, or too long")
    return value

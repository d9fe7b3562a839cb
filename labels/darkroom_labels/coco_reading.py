"""COCO files of any tool, read as labels: ids of any form, boxes in pixels or relative, polygons, turned boxes.

What Darkroom's reader of datasets takes is taken here, in the same way. Must not do: I/O, or judge whether an image
was reviewed.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from darkroom_labels import boxes
from darkroom_labels.boxes import BoxForm
from darkroom_labels.coco_labels import Box, Entry, Label, LabelledImage, Review
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.readings import ReadImage, Reading

SECTIONS: Final = ("images", "annotations", "categories")
_MAX_SHOWN: Final = 120


def read_coco(document: dict[str, Any], name: str) -> Reading:
    """Return what a COCO file says; `name` stands for it in messages. Raises LabelsUnusable."""
    return _CocoReader(document, name).read()


@dataclass(frozen=True)
class _WrittenBox:
    """The box of an annotation as left, top, width and height in the file's unit; `is_outline`: around its polygon."""

    box: Box
    unit: str | None
    is_outline: bool


class _CocoReader:
    """One file; refuses it at the first entry that cannot be meant."""

    def __init__(self, document: dict[str, Any], name: str) -> None:
        self._name = name
        wrong = next((section for section in SECTIONS if not isinstance(document.get(section), list)), None)
        if wrong is not None:
            raise LabelsUnusable(f"{name}: it is not a COCO file: {wrong} is not a list")
        for section in SECTIONS:
            at = next((at for at, entry in enumerate(document[section]) if not isinstance(entry, dict)), None)
            if at is not None:
                raise LabelsUnusable(f"{name} {section}[{at}]: it is not an object")
        self._images: list[Entry] = document["images"]
        self._annotations: list[Entry] = document["annotations"]
        self._categories: list[Entry] = document["categories"]
        self._form = self._find_file_form(document)
        self._notes: Counter[str] = Counter()

    def read(self) -> Reading:
        names = self._read_categories()
        written = [self._read_box(entry) for entry in self._annotations]
        in_pixels = {
            is_outline: boxes.are_pixels([w.box for w in written if w is not None and w.is_outline is is_outline])
            for is_outline in (False, True)
        }
        by_id = {self._read_id(entry, "id", f"images[{at}]"): entry for at, entry in enumerate(self._images)}
        if len(by_id) < len(self._images):
            raise LabelsUnusable(f"{self._name} images: ids occur twice; give each image an id of its own")
        labels: dict[int | str, list[Label]] = {number: [] for number in by_id}
        for at, (entry, found) in enumerate(zip(self._annotations, written, strict=True)):
            place = f"annotations[{at}]"
            image_id, category = (self._read_id(entry, key, place) for key in ("image_id", "category_id"))
            if image_id not in by_id or category not in names:
                what = "image_id" if image_id not in by_id else "category_id"
                raise LabelsUnusable(f"{self._name} {place}: there is no entry for its {what} {entry[what]!r}")
            box = None
            if found is not None:
                unit = found.unit or ("pixels" if in_pixels[found.is_outline] else "relative")
                box = self._to_relative(found.box, unit, entry, by_id[image_id], place)
            labels[image_id].append(
                Label(names[category], box, _read_score(entry), crowd=entry.get("iscrowd") in (1, "1"))
            )
        images = tuple(self._read_image(number, entry, tuple(labels[number])) for number, entry in by_id.items())
        notes = tuple(f"{self._name}: {count:,} {note}" for note, count in sorted(self._notes.items()))
        tags = tuple(dict.fromkeys(names.values()))
        return Reading(self._name, tags, images, notes, lists_pictures=any(image.is_own for image in images))

    def _read_id(self, entry: Entry, key: str, place: str) -> int | str:
        """Return an id in one form: 7, 7.0 and "7" are the same."""
        value = entry.get(key)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str) and value.strip():
            return int(value) if value.isascii() and value.isdecimal() and len(value) < 80 else value
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise LabelsUnusable(f"{self._name} {place}: {key} must be a whole number or text")

    def _read_categories(self) -> dict[int | str, str]:
        """Return the names by their ids, without an empty category that others name as their supercategory."""
        names: dict[int | str, str] = {}
        for at, entry in enumerate(self._categories):
            tag = entry.get("name")
            if not isinstance(tag, str) or not tag.strip():
                raise LabelsUnusable(f"{self._name} categories[{at}]: name must be text that is not empty")
            names[self._read_id(entry, "id", f"categories[{at}]")] = tag
        used = {self._read_id(entry, "category_id", f"annotations[{at}]") for at, entry in enumerate(self._annotations)}
        groups = Counter(group for entry in self._categories if isinstance(group := entry.get("supercategory"), str))
        own = Counter(entry["name"] for entry in self._categories if entry.get("supercategory") == entry["name"])
        kept = {number: tag for number, tag in names.items() if number in used or groups[tag] <= (own[tag] > 0)}
        is_plain = all(isinstance(number, int) for number in kept)
        return dict(sorted(kept.items())) if is_plain else kept

    def _find_file_form(self, document: dict[str, Any]) -> BoxForm:
        info = document.get("info")
        declared = document.get("bbox_format") or (info.get("bbox_format") if isinstance(info, dict) else None)
        return BoxForm() if declared is None else self._find_form(declared, "the file")

    def _find_form(self, declared: object, place: str) -> BoxForm:
        form = boxes.find_form(declared)
        if form is None:
            shown = str(declared)[:40]
            raise LabelsUnusable(
                f"{self._name} {place}: bbox_format {shown!r} is not known; declare ltwh, ltrb or cxcywh"
            )
        return form

    def _read_box(self, entry: Entry) -> _WrittenBox | None:
        """Return the box of an annotation, None where it has none: then it is a tag of the whole image."""
        written, place = entry.get("bbox"), f"annotation {str(entry.get('id'))[:40]}"
        if written is None or written == []:
            around = boxes.outline(entry.get("segmentation"))
            return None if around is None else _WrittenBox(around, None, is_outline=True)
        declared = entry["bbox_format"] if entry.get("bbox_format") is not None else entry.get("bbox_mode")
        form = self._form if declared is None else self._find_form(declared, place)
        numbers = boxes.read_numbers(written)
        if numbers is None:
            raise LabelsUnusable(f"{self._name} {place}: bbox must be four finite numbers")
        return _WrittenBox(boxes.to_left_top(numbers, form.shape), form.unit, is_outline=False)

    def _to_relative(self, box: Box, unit: str, entry: Entry, image: Entry, place: str) -> Box:
        degrees = _read_degrees(entry)
        if unit == "pixels":
            width, height = _read_side(image, "width"), _read_side(image, "height")
            if width is None or height is None:
                shown = _show_image(image)
                raise LabelsUnusable(
                    f"{self._name} image {shown}: it has no width and height, which boxes in pixels need"
                )
            if degrees and entry.get("bbox") not in (None, []):
                self._notes["turned boxes: the upright boxes around them are taken"] += 1
                box = boxes.turn_about_center(box, degrees)
            box = boxes.scale(box, width, height)
        elif unit == "percent":
            box = boxes.scale(box, 100, 100)
        over = boxes.measure_over(box)
        kept = None if over > boxes.OVER_EDGE and not degrees else boxes.cut(box)
        if kept is None:
            raise LabelsUnusable(
                f"{self._name} {place} (image {_show_image(image)}): its box is empty or reaches outside the image; "
                "correct it, or declare the form of the boxes as bbox_format at the top level of the file"
            )
        return kept

    def _read_image(self, number: int | str, entry: Entry, labels: tuple[Label, ...]) -> ReadImage:
        place = f"image {number} ({_show_image(entry)})"
        name, absolute, coco = (entry.get(key) or None for key in ("file_name", "absolute_url", "coco_url"))
        if not all(isinstance(address, str | None) for address in (name, absolute, coco)):
            raise LabelsUnusable(f"{self._name} {place}: its addresses must be text")
        if name is None and absolute is None and coco is None:
            raise LabelsUnusable(f"{self._name} image {number}: it has no file_name, absolute_url or coco_url")
        sides = _read_side(entry, "width"), _read_side(entry, "height")
        review = self._read_review(entry, place)
        return ReadImage(place, LabelledImage(*sides, name, absolute, coco, labels, review), is_own=review is not None)

    def _read_review(self, entry: Entry, place: str) -> Review | None:
        written = entry.get("review")
        if written is None:
            return None
        try:
            return Review(written)
        except ValueError:
            known = ", ".join(Review)
            raise LabelsUnusable(f"{self._name} {place}: review must be one of {known}") from None


def _show_image(entry: Entry) -> str:
    text = entry.get("file_name") or entry.get("absolute_url") or entry.get("coco_url") or ""
    return str(text).split("?", 1)[0][:_MAX_SHOWN]


def _read_side(entry: Entry, key: str) -> float | None:
    value = entry.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
    return float(value) if usable and value is not None else None


def _read_score(entry: Entry) -> float | None:
    value = entry.get("score")
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if usable and value is not None else None


def _read_degrees(entry: Entry) -> float:
    """Return the angle that CVAT writes."""
    attributes = entry.get("attributes")
    value = attributes.get("rotation") if isinstance(attributes, dict) else None
    try:
        degrees = float(value or 0.0) % 360
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return degrees if math.isfinite(degrees) else 0.0

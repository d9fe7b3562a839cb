"""A COCO file of the service's dialect: relative boxes, ids from 1, and what became of each image in a review.

Owns what Darkroom writes. What others write is read in `coco_reading`. Pure: the same labels give the same bytes.
Must not do: I/O.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Entry = dict[str, Any]
Box = tuple[float, float, float, float]
"""Left, top, width and height as shares of the image's sides."""
_DIGITS: Final = 7
"""Of a share: a thousandth of a pixel of the largest image."""


class Review(StrEnum):
    """What a person said of the labels that a model proposed for an image."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Label:
    """A tag of an image or, with a box, of a part of it; `score` is the model's where one proposed it.

    `crowd` marks a box around many things (`iscrowd`).
    """

    tag: str
    box: Box | None = None
    score: float | None = None
    crowd: bool = False


@dataclass(frozen=True)
class LabelledImage:
    """An image with its labels; it has at least one of the three addresses. Sizes are in pixels.

    Without `review`, an image without labels may be one that nobody has looked at.
    """

    width: float | None = None
    height: float | None = None
    file_name: str | None = None
    absolute_url: str | None = None
    coco_url: str | None = None
    labels: tuple[Label, ...] = ()
    review: Review | None = None
    uncertainty: float | None = None
    label_by_hand: bool = False
    preview: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return its addresses, the one that counts for a reader first."""
        return tuple(address for address in (self.absolute_url, self.coco_url, self.file_name) if address)


@dataclass(frozen=True)
class LabelFile:
    """Images and the tags that they may have; both are numbered from 1 in their order."""

    tags: tuple[str, ...]
    images: tuple[LabelledImage, ...]


def build_document(file: LabelFile) -> bytes:
    """Return the COCO file; a label's tag is one of the file's. Half of a character stays what it was in JSON."""
    return "".join(iterate_document(file.tags, file.images)).encode(errors="backslashreplace")


def iterate_document(tags: Sequence[str], images: Iterable[LabelledImage]) -> Iterator[str]:
    """Yield the COCO file of `images`, which are read twice, in parts of one entry: there may be more than fit memory.

    A label's tag is one of `tags`.
    """
    numbers = {tag: number for number, tag in enumerate(tags, start=1)}
    yield '{\n "images": '
    yield from _iterate_list(_build_image(number, image) for number, image in enumerate(images, start=1))
    yield ',\n "annotations": '
    labels = ((number, label) for number, image in enumerate(images, start=1) for label in image.labels)
    yield from _iterate_list(
        _build_annotation(number, image_number, numbers[label.tag], label)
        for number, (image_number, label) in enumerate(labels, start=1)
    )
    yield ',\n "categories": '
    yield from _iterate_list({"id": number, "name": tag} for tag, number in numbers.items())
    yield "\n}\n"


def _iterate_list(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a list of the document, laid out as `json.dumps` does with an indent of one."""
    is_empty = True
    for entry in entries:
        text = json.dumps(entry, indent=1, ensure_ascii=False).replace("\n", "\n  ")
        yield f"{'[' if is_empty else ','}\n  {text}"
        is_empty = False
    yield "[]" if is_empty else "\n ]"


def _build_image(number: int, image: LabelledImage) -> Entry:
    entry: Entry = {
        "id": number,
        "width": _to_whole(image.width),
        "height": _to_whole(image.height),
        "file_name": image.file_name,
        "absolute_url": image.absolute_url,
        "coco_url": image.coco_url,
        "review": image.review and image.review.value,
        "uncertainty": None if image.uncertainty is None else round(float(image.uncertainty), _DIGITS),
        "label_by_hand": image.label_by_hand or None,
        "preview": image.preview,
    }
    return {key: value for key, value in entry.items() if value is not None}


def _to_whole(side: float | None) -> float | None:
    return int(side) if side is not None and side == int(side) else side


def _build_annotation(number: int, image_number: int, category_number: int, label: Label) -> Entry:
    entry: Entry = {"id": number, "image_id": image_number, "category_id": category_number}
    if label.box is not None:
        entry["bbox"] = [round(float(side), _DIGITS) for side in label.box]
    if label.score is not None:
        entry["score"] = round(float(label.score), _DIGITS)
    if label.crowd:
        entry["iscrowd"] = 1
    return entry

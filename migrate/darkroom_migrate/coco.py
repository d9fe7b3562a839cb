"""Images and their labels as COCO files in the dialect that Darkroom reads: relative boxes, numbers from 1.

Pure: the same images give the same bytes. Must not do: I/O.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from darkroom_migrate.journal import CopiedImage
from darkroom_migrate.labels import Labels, Use

Entry = dict[str, Any]


@dataclass(frozen=True)
class LabelledImage:
    """An image of the project with what it teaches; `copied` is None where it is not in the target."""

    id: str
    copied: CopiedImage | None
    labels: Labels


def build_document(images: Iterable[LabelledImage], use: Use, names: Sequence[str]) -> bytes:
    """Return the COCO file of the copied images with this use, in their order."""
    entries: list[Entry] = []
    annotations: list[Entry] = []
    for found in images:
        if found.copied is not None and found.labels.use is use:
            entries.append(_build_image(len(entries) + 1, found.copied))
            annotations += _build_annotations(len(entries), len(annotations) + 1, found.labels)
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    document = {"images": entries, "annotations": annotations, "categories": categories}
    return json.dumps(document, indent=1).encode()


def _build_image(number: int, image: CopiedImage) -> Entry:
    return {"id": number, "width": image.width, "height": image.height, "file_name": image.file_name}


def _build_annotations(image_number: int, first: int, labels: Labels) -> list[Entry]:
    boxes = [{"bbox": list(box)} for box in labels.boxes] or [{}] * len(labels.tags)
    return [
        {"id": number, "image_id": image_number, "category_id": tag, **box}
        for number, (tag, box) in enumerate(zip(labels.tags, boxes, strict=True), start=first)
    ]

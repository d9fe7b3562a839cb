"""Entries of `images` that name one file, in one annotation file or in several: read as one image.

Taken one by one, each would teach that what the others mark is background. Pure. Must not do: I/O, or compare images
by what they show.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco.annotation_table import Flags
from darkroom_trainer.data.coco.checks import MAX_REGIONS
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.dataset import Crowd
from darkroom_trainer.data.records.findings import Findings, Issue


@dataclass(frozen=True)
class DistinctImages:
    """Images of which no two are one file; `repeated` counts boxes, by label, that two entries have and one keeps."""

    images: tuple[CatalogImage, ...]
    repeated: Counter[int]


def merge_same_files(
    images: Sequence[CatalogImage], tags: Sequence[str], kind: AnnotationKind, findings: Findings
) -> DistinctImages:
    """Return the images with the entries of one file merged into its first, and tell of each.

    Those that cannot both be right are problems: of different size, or of different tags where an image has one.
    """
    places: dict[str, int] = {}
    kept: list[CatalogImage] = []
    further: dict[int, list[CatalogImage]] = {}
    for image in images:
        place = len(kept) if image.uri is None else places.setdefault(image.uri, len(kept))
        if place == len(kept):
            kept.append(image)
        elif _fits(image, kept[place], tags, kind, findings):
            further.setdefault(place, []).append(image)
    repeated: Counter[int] = Counter()
    for place, entries in further.items():
        kept[place] = _merge(kept[place], entries, kind, repeated, findings)
    return DistinctImages(tuple(kept), repeated)


def _fits(
    image: CatalogImage, first: CatalogImage, tags: Sequence[str], kind: AnnotationKind, findings: Findings
) -> bool:
    """Return whether two entries of one file can both be right, and note a problem where they cannot."""
    sizes = [entry.declared for entry in (image, first)]
    if sizes[0] and sizes[1] and any(abs(one - other) >= 1 for one, other in zip(*sizes, strict=True)):
        shown = [f"{width:g} x {height:g}" for width, height in (sizes[0], sizes[1])]
        said = f"is declared as {shown[0]}, there as {shown[1]}; give both the real size, or remove one"
    elif kind is AnnotationKind.CLASSIFICATION and image.labels and first.labels and image.labels != first.labels:
        named = [" and ".join(repr(tags[label]) for label in entry.labels) for entry in (image, first)]
        said = f"is tagged {named[0]}, not {named[1]}; imageClassification takes one tag per image: remove one entry"
    else:
        return True
    findings.add(image.subject, f"is the same file as {first.subject} but {said}")
    return False


def _merge(
    first: CatalogImage, entries: list[CatalogImage], kind: AnnotationKind, repeated: Counter[int], findings: Findings
) -> CatalogImage:
    """Return one image with the annotations of all entries; a box that an earlier entry has is not taken again."""
    parts = [first]
    seen = set(_list_boxes(first))
    for entry in entries:
        boxes = _list_boxes(entry)
        again = np.array([box in seen for box in boxes], dtype=bool)
        seen.update(boxes)
        repeated.update(entry.labels[row] for row in np.flatnonzero(again))
        parts.append(_leave_out(entry, again) if again.any() else entry)
        left_out = f", {again.sum():,} of which were there already" if again.any() else ""
        said = f"is the same file as {first.subject}; both are read as one image with the annotations of both{left_out}"
        findings.advise(Issue.EXACT_DUPLICATE, entry.subject, said, (entry.image_id,))
    merged = _join(parts, kind)
    if kind is AnnotationKind.DETECTION and len(merged.labels) > MAX_REGIONS:
        said = f"has {len(merged.labels):,} regions in {len(parts)} entries, at most {MAX_REGIONS:,} are taken"
        findings.add(first.subject, said)
    return merged


def _list_boxes(image: CatalogImage) -> list[tuple[float, ...]]:
    """Return each box with its label before it; nothing for tags of whole images."""
    return [(label, *box) for label, box in zip(image.labels, image.boxes.tolist(), strict=False)]


def _leave_out(image: CatalogImage, rows: Flags) -> CatalogImage:
    labels = tuple(label for label, is_out in zip(image.labels, rows, strict=True) if not is_out)
    return dataclasses.replace(image, labels=labels, boxes=image.boxes[~rows])


def _join(parts: list[CatalogImage], kind: AnnotationKind) -> CatalogImage:
    """Return the first of the entries with the annotations of all."""
    labels = tuple(label for part in parts for label in part.labels)
    crowds = [part.crowd for part in parts if part.crowd is not None]
    return dataclasses.replace(
        parts[0],
        declared=next((part.declared for part in parts if part.declared is not None), None),
        labels=labels if kind is AnnotationKind.DETECTION else tuple(dict.fromkeys(labels)),
        boxes=np.concatenate([part.boxes for part in parts]),
        crowd=_join_crowds(crowds) if crowds else None,
    )


def _join_crowds(crowds: list[Crowd]) -> Crowd:
    labels = tuple(label for crowd in crowds for label in crowd.labels)
    return Crowd(labels, np.concatenate([crowd.boxes for crowd in crowds]))

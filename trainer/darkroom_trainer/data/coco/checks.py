"""What must hold between the entries of one annotation file.

Owns ids, references, boxes, and counts per image. Pure: columns in, findings out. Must not do: I/O.
Bounds are those of the replaced service: at most 1,000 regions an image, one tag per image in multiclass data.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco.documents import AnnotationTable, CocoFile, Floats, Integers
from darkroom_trainer.data.records.findings import Findings, Issue

MAX_REGIONS: Final = 1000
TOLERANCE: Final = 1e-3
"""How far a box may reach over the edge, as a share of the side, before it is wrong; within it, it is clipped.
Labelling tools round, so exact edges such as 1.0000001 are common."""

Mask = npt.NDArray[np.bool_]


def check_ids(coco: CocoFile, findings: Findings) -> None:
    """Note ids that occur twice, and tags that do."""
    for section, ids in (
        ("image", [record.id for record in coco.images]),
        ("category", [number for number, _ in coco.categories]),
        ("annotation", coco.annotations.ids),
    ):
        for number, count in _find_repeated(ids):
            findings.add(f"{coco.name} {section} {number}", f"id occurs {count} times; {section} ids must differ")
    for tag, count in Counter(tag for _, tag in coco.categories).items():
        if count > 1:
            findings.advise(
                Issue.NAMES, f"{coco.name} category {tag!r}", f"name occurs {count} times; they count as one tag"
            )


def _find_repeated(ids: "Iterable[int] | Integers") -> list[tuple[int, int]]:
    values, counts = np.unique(np.asarray(ids, dtype=np.int64), return_counts=True)
    repeated = counts > 1
    return list(zip(values[repeated].tolist(), counts[repeated].tolist(), strict=True))


def check_references(coco: CocoFile, findings: Findings) -> Mask:
    """Note annotations of unknown images or categories; return which ones refer to known ones."""
    table = coco.annotations
    known_image = _are_known(table.image_ids, [record.id for record in coco.images])
    known_category = _are_known(table.category_ids, [number for number, _ in coco.categories])
    for row in np.flatnonzero(~(known_image | _are_known(table.image_ids, coco.broken_images))):
        findings.add(
            f"{coco.name} annotation {table.ids[row]}",
            f"image_id {table.image_ids[row]} is not in images; add the image or remove the annotation",
        )
    for row in np.flatnonzero(~(known_category | _are_known(table.category_ids, coco.broken_categories))):
        findings.add(
            name_annotation(coco, row),
            f"category_id {table.category_ids[row]} is not in categories; add the category or fix the id",
        )
    return known_image & known_category


def _are_known(ids: Integers, known: Iterable[int]) -> Mask:
    return np.asarray(np.isin(ids, np.array(list(known), dtype=np.int64)))


def name_annotation(coco: CocoFile, row: int | np.signedinteger) -> str:
    """Return how messages call the annotation at `row`."""
    return f"{coco.name} annotation {coco.annotations.ids[row]} (image {coco.annotations.image_ids[row]})"


def are_absolute(boxes: Floats) -> bool:
    """Return whether the boxes of a file are in pixels: most of them have a value above 1.

    A box in pixels has one, unless it is smaller than a pixel; a relative one has none, unless it is wrong. So one
    wrong box does not turn a relative file into an absolute one whose boxes would all be specks.
    """
    if not len(boxes):
        return False
    above = (np.nan_to_num(boxes, nan=0.0) > 1 + TOLERANCE).any(axis=1)
    return bool(above.mean() > 0.5)


def check_boxes(coco: CocoFile, usable: Mask, findings: Findings) -> Floats:
    """Note every box that is missing, not finite, empty or outside its image; return relative, clipped boxes (N, 4).

    Rows that are not `usable` are neither checked nor meaningful.
    """
    table = coco.annotations
    for row in np.flatnonzero(usable & ~table.has_box):
        findings.add(name_annotation(coco, row), "has no bbox; object detection needs [left, top, width, height]")
    present = usable & table.has_box
    _note_bad_numbers(coco, present, findings)
    sizes = _build_sizes(coco, are_absolute(table.boxes[table.has_box]), findings)
    with np.errstate(invalid="ignore"):
        relative = table.boxes / sizes
        _note_outside(coco, present & _are_sound(table.boxes) & np.isfinite(sizes).all(axis=1), relative, findings)
    return clip_boxes(relative)


def _are_sound(boxes: Floats) -> Mask:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > 0) & (boxes[:, 3] > 0))


def _note_bad_numbers(coco: CocoFile, present: Mask, findings: Findings) -> None:
    boxes = coco.annotations.boxes
    for row in np.flatnonzero(present & ~_are_sound(boxes)):
        finite = np.isfinite(boxes[row]).all()
        what = "width and height must be more than 0" if finite else "holds a number that is not finite"
        findings.add(name_annotation(coco, row), f"bbox {_show_box(boxes[row])}: {what}")


def _build_sizes(coco: CocoFile, absolute: bool, findings: Findings) -> Floats:
    """Return what to divide each box by: ones for relative boxes, else the declared size of its image."""
    table = coco.annotations
    if not absolute:
        return np.ones((len(table.ids), 4))
    declared = {record.id: (record.width, record.height) for record in coco.images}
    for record in coco.images:
        if math.isnan(record.width) or math.isnan(record.height):
            findings.add(
                f"{coco.name} image {record.id} ({record.shown})",
                "has no usable width and height, which boxes in pixels need",
            )
    missing = (math.nan, math.nan)
    sides = [declared.get(number, missing) for number in table.image_ids.tolist()]
    pair = np.array(sides, dtype=np.float64).reshape(-1, 2)
    return np.concatenate([pair, pair], axis=1)


def _note_outside(coco: CocoFile, checked: Mask, relative: Floats, findings: Findings) -> None:
    far = relative[:, :2] + relative[:, 2:]
    outside = checked & ((relative[:, :2] < -TOLERANCE).any(axis=1) | (far > 1 + TOLERANCE).any(axis=1))
    for row in np.flatnonzero(outside):
        findings.add(
            name_annotation(coco, row),
            f"bbox {_show_box(coco.annotations.boxes[row])} reaches outside the image; "
            "expected [left, top, width, height], all relative or all in pixels of the declared size",
        )


def clip_boxes(boxes: Floats) -> Floats:
    """Return boxes (N, 4) cut at the edges of the unit square."""
    near = np.clip(boxes[:, :2], 0.0, 1.0)
    far = np.clip(boxes[:, :2] + boxes[:, 2:], 0.0, 1.0)
    return np.concatenate([near, far - near], axis=1)


def _show_box(box: Floats) -> str:
    return "[" + ", ".join(f"{number:.6g}" for number in box) + "]"


def check_tags_per_image(coco: CocoFile, kind: AnnotationKind, usable: Mask, findings: Findings) -> None:
    """Note images with too many regions, and in multiclass data those with no tag or with several."""
    table = coco.annotations
    if kind is AnnotationKind.DETECTION:
        _check_regions(coco, usable, findings)
    elif kind is AnnotationKind.CLASSIFICATION:
        _check_one_tag(coco, table, usable, findings)


def _check_regions(coco: CocoFile, usable: Mask, findings: Findings) -> None:
    values, counts = np.unique(coco.annotations.image_ids[usable], return_counts=True)
    for number, count in zip(values[counts > MAX_REGIONS], counts[counts > MAX_REGIONS], strict=True):
        findings.add(f"{coco.name} image {number}", f"has {count:,} regions, at most {MAX_REGIONS:,} are taken")


def _check_one_tag(coco: CocoFile, table: AnnotationTable, usable: Mask, findings: Findings) -> None:
    tags = dict(coco.categories)
    found: dict[int, set[str]] = {}
    mentioned = set(table.image_ids.tolist())
    for image_id, category_id in zip(
        table.image_ids[usable].tolist(), table.category_ids[usable].tolist(), strict=True
    ):
        found.setdefault(image_id, set()).add(tags[category_id])
    for record in coco.images:
        subject = f"{coco.name} image {record.id} ({record.shown})"
        named = sorted(found.get(record.id, ()))
        if len(named) > 1:
            listed = ", ".join(repr(tag) for tag in named[:5])
            findings.add(
                subject,
                f"has {len(named)} labels ({listed}); imageClassification takes one per image: remove the others "
                "or use imageMultilabelClassification",
            )
        if not named and record.id not in mentioned:
            findings.add(subject, "has no annotation; imageClassification needs one label per image")

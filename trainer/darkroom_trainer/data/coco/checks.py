"""What must hold between the entries of one annotation file.

Owns ids, references, groups of tags, and counts per image; `box_checks.py` has the boxes. Pure: columns in, findings
out. Must not do: I/O.
Bounds are those of the replaced service: at most 1,000 regions an image, one tag per image in multiclass data.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco.annotation_table import AnnotationTable, Flags
from darkroom_trainer.data.coco.documents import CocoFile
from darkroom_trainer.data.coco.identifiers import Integers
from darkroom_trainer.data.records.catalog import UNREVIEWED
from darkroom_trainer.data.records.findings import Findings, Issue

MAX_REGIONS: Final = 1000


def drop_groups(coco: CocoFile, findings: Findings) -> CocoFile:
    """Return the file without its empty categories that others name as their supercategory; advice tells of each.

    Labelling services write such a category for the project as a whole. As a tag it could never be right.
    """
    naming = Counter(category.group for category in coco.categories)
    candidates = [category for category in coco.categories if naming[category.name] > (category.group == category.name)]
    if not candidates:
        return coco
    used = np.isin([category.id for category in candidates], coco.annotations.category_ids).tolist()
    dropped = [category for category, is_used in zip(candidates, used, strict=True) if not is_used]
    for category in dropped:
        findings.advise(
            Issue.NAMES,
            f"{coco.name} category {category.name!r}",
            "is the supercategory of others and has no annotation: it counts as their group, not as a tag",
        )
    kept = tuple(category for category in coco.categories if category not in dropped)
    return dataclasses.replace(coco, categories=kept)


def check_ids(coco: CocoFile, findings: Findings) -> None:
    """Note ids that occur twice."""
    for section, ids in (
        ("image", [record.id for record in coco.images]),
        ("category", [category.id for category in coco.categories]),
        ("annotation", coco.annotations.ids),
    ):
        for number, count in _find_repeated(ids):
            subject = f"{coco.name} {section} {coco.ids.show(number)}"
            findings.add(subject, f"id occurs {count} times; {section} ids must differ")


def advise_repeated_tags(coco: CocoFile, findings: Findings) -> None:
    """Tell of categories with the same name."""
    for tag, count in Counter(category.name for category in coco.categories).items():
        if count > 1:
            findings.advise(
                Issue.NAMES, f"{coco.name} category {tag!r}", f"name occurs {count} times; they count as one tag"
            )


def _find_repeated(ids: "Iterable[int] | Integers") -> list[tuple[int, int]]:
    values, counts = np.unique(np.asarray(ids, dtype=np.int64), return_counts=True)
    repeated = counts > 1
    return list(zip(values[repeated].tolist(), counts[repeated].tolist(), strict=True))


def check_references(coco: CocoFile, findings: Findings) -> Flags:
    """Note annotations of unknown images or categories; return which ones refer to known ones."""
    table = coco.annotations
    known_image = _are_known(table.image_ids, [record.id for record in coco.images])
    known_category = _are_known(table.category_ids, [category.id for category in coco.categories])
    for row in np.flatnonzero(~(known_image | _are_known(table.image_ids, coco.broken_images))):
        findings.add(
            f"{coco.name} annotation {coco.ids.show(table.ids[row])}",
            f"image_id {coco.ids.show(table.image_ids[row])} is not in images; add the image or remove the annotation",
        )
    for row in np.flatnonzero(~(known_category | _are_known(table.category_ids, coco.broken_categories))):
        findings.add(
            coco.name_annotation(row),
            f"category_id {coco.ids.show(table.category_ids[row])} is not in categories; add the category or fix "
            "the id",
        )
    return known_image & known_category


def _are_known(ids: Integers, known: Iterable[int]) -> Flags:
    return np.asarray(np.isin(ids, np.array(list(known), dtype=np.int64)))


def check_tags_per_image(coco: CocoFile, kind: AnnotationKind, usable: Flags, findings: Findings) -> None:
    """Note images with too many regions, and in multiclass data those with no tag or with several."""
    table = coco.annotations
    if kind is AnnotationKind.DETECTION:
        _check_regions(coco, usable, findings)
    elif kind is AnnotationKind.CLASSIFICATION:
        _check_one_tag(coco, table, usable, findings)


def _check_regions(coco: CocoFile, usable: Flags, findings: Findings) -> None:
    values, counts = np.unique(coco.annotations.image_ids[usable], return_counts=True)
    for number, count in zip(values[counts > MAX_REGIONS], counts[counts > MAX_REGIONS], strict=True):
        subject = coco.identify_image(number)
        findings.add(subject, f"has {count:,} regions, at most {MAX_REGIONS:,} are taken")


def _check_one_tag(coco: CocoFile, table: AnnotationTable, usable: Flags, findings: Findings) -> None:
    tags = {category.id: category.name for category in coco.categories}
    found: dict[int, set[str]] = {}
    mentioned = set(table.image_ids.tolist())
    for image_id, category_id in zip(
        table.image_ids[usable].tolist(), table.category_ids[usable].tolist(), strict=True
    ):
        found.setdefault(image_id, set()).add(tags[category_id])
    for record in coco.images:
        if record.review in UNREVIEWED:
            continue
        subject = coco.name_image(record)
        named = sorted(found.get(record.id, ()))
        if len(named) > 1:
            listed = ", ".join(repr(tag) for tag in named[:5])
            findings.add(
                subject,
                f"has {len(named)} labels ({listed}); imageClassification takes one per image: remove the others "
                "or use imageMultilabelClassification",
            )
        if not named and record.id not in mentioned:
            findings.add(
                subject,
                "has no annotation; imageClassification needs one label per image: give it one, or write "
                '"review": "pending" in its entry until somebody has',
            )

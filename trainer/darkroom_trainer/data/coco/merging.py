"""Annotation files to one catalog: parsed, checked, merged.

Owns the merge: tags by name, in the order of their ids in the first file, then new ones from the next files; image
ids stay per file. Pure: text in, catalog and findings out. Must not do: I/O.
"""

import gc
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_api.v1alpha1.dataset import Category
from darkroom_trainer.data.coco import addresses, checks, totals
from darkroom_trainer.data.coco.documents import (
    CocoFile,
    Floats,
    ImageRecord,
    Integers,
    parse_coco,
)
from darkroom_trainer.data.naming import refusals
from darkroom_trainer.data.records import dataset
from darkroom_trainer.data.records.catalog import Catalog, CatalogImage
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.runtime.errors import display_uri


@dataclass(frozen=True)
class _Part:
    """One annotation file, checked: rows that refer to known things, and their relative boxes."""

    coco: CocoFile
    usable: checks.Mask
    boxes: Floats
    absolute: bool


def build_catalog(texts: Iterable[bytes], source: DatasetSource, findings: Findings) -> Catalog:
    """Return what the annotation files of `source` say; `texts` are their bytes in the same order."""
    gc.disable()  # walking a million new objects again and again is nearly half of the time
    try:
        return _build_catalog(texts, source, findings)
    finally:
        gc.enable()


def _build_catalog(texts: Iterable[bytes], source: DatasetSource, findings: Findings) -> Catalog:
    shown = name_files(source.annotation_files)
    images: list[CatalogImage] = []
    tags: dict[str, int] = {}
    counts = _Counts()
    for text, uri, name in zip(texts, source.annotation_files, shown, strict=True):
        coco = parse_coco(text, name, findings, with_boxes=source.annotation_kind is AnnotationKind.DETECTION)
        if coco is None:
            continue
        part = _check_file(coco, source.annotation_kind, findings)
        for _, tag in sorted(coco.categories):
            tags.setdefault(tag, len(tags))
        images += _build_images(part, uri, source, tags, counts, findings)
    categories = tuple(Category(name=tag, images=counts.images[tag], annotations=counts.regions[tag]) for tag in tags)
    catalog = Catalog(tuple(tags), tuple(images), categories, counts.regions.total())
    totals.check_totals(catalog, source, findings)
    return catalog


class _Counts:
    """Images and annotations per tag."""

    def __init__(self) -> None:
        self.images: Counter[str] = Counter()
        self.regions: Counter[str] = Counter()


def name_files(uris: Sequence[str]) -> list[str]:
    """Return short names for annotation files in messages: the last part, or the whole where that is ambiguous."""
    short = [display_uri(uri).rpartition("/")[2] for uri in uris]
    return [name if short.count(name) == 1 else display_uri(uri) for name, uri in zip(short, uris, strict=True)]


def _check_file(coco: CocoFile, kind: AnnotationKind, findings: Findings) -> _Part:
    checks.check_ids(coco, findings)
    usable = checks.check_references(coco, findings)
    checks.check_tags_per_image(coco, kind, usable, findings)
    if kind is not AnnotationKind.DETECTION:
        return _Part(coco, usable, np.zeros((len(usable), 4)), absolute=False)
    absolute = checks.are_absolute(coco.annotations.boxes[coco.annotations.has_box])
    return _Part(coco, usable, checks.check_boxes(coco, usable, findings), absolute)


def _build_images(
    part: _Part, uri: str, source: DatasetSource, tags: dict[str, int], counts: _Counts, findings: Findings
) -> list[CatalogImage]:
    coco, table = part.coco, part.coco.annotations
    index_of = {number: tags[tag] for number, tag in coco.categories}
    names = list(tags)
    rows_of, no_rows = _group_rows(part), np.zeros(0, dtype=np.int64)
    categories = [index_of.get(number, -1) for number in table.category_ids.tolist()]
    book = addresses.build_address_book(uri, source.image_root, source.url_mappings, source.local_roots)
    detection = source.annotation_kind is AnnotationKind.DETECTION
    built = []
    for record in coco.images:
        subject = f"{coco.name} image {record.id} ({record.shown})"
        address = _resolve(record, subject, book, findings)
        rows = rows_of.get(record.id, no_rows)
        crowd = _take_crowd(part, rows, categories) if detection else None
        rows = rows[~table.crowd[rows]] if crowd else rows
        labels = tuple(categories[row] for row in rows.tolist())
        counts.regions.update(names[label] for label in labels)
        unique = tuple(dict.fromkeys(labels))
        counts.images.update(names[label] for label in unique)
        built.append(
            CatalogImage(
                subject=subject,
                image_id=record.id,
                file=record.shown,
                uri=address.uris[0] if address else None,
                declared=(record.width, record.height) if part.absolute else None,
                labels=labels if detection else unique,
                boxes=part.boxes[rows].astype(np.float32) if detection else dataset.no_boxes(),
                crowd=crowd,
                other_uris=address.uris[1:] if address else (),
                hint=address.hint if address else "",
            )
        )
    return built


def _group_rows(part: _Part) -> dict[int, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Return the rows of each image, in the order of the file."""
    rows = np.flatnonzero(part.usable)
    image_ids = part.coco.annotations.image_ids[rows]
    order = np.argsort(image_ids, kind="stable")
    values, starts = np.unique(image_ids[order], return_index=True)
    groups = np.split(rows[order], starts[1:])
    return dict(zip(values.tolist(), groups, strict=False))


def _take_crowd(part: _Part, rows: Integers, labels: Sequence[int]) -> dataset.Crowd | None:
    """Return the boxes around many things among `rows`, None where there are none; `labels` go with all rows."""
    marked = rows[part.coco.annotations.crowd[rows]]
    if not len(marked):
        return None
    return dataset.Crowd(tuple(labels[row] for row in marked.tolist()), part.boxes[marked].astype(np.float32))


def _resolve(
    record: ImageRecord, subject: str, book: addresses.AddressBook, findings: Findings
) -> addresses.Address | None:
    try:
        return addresses.resolve_address(record, book)
    except refusals.AddressProblem as problem:
        findings.add(subject, str(problem))
        return None

"""One annotation file, checked, and the images that it tells of.

Owns the order of the checks. Pure: a file in, findings and images out. Must not do: I/O, or know other files.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco import addresses, box_checks, checks
from darkroom_trainer.data.coco.annotation_table import Flags
from darkroom_trainer.data.coco.documents import CocoFile, ImageRecord
from darkroom_trainer.data.coco.identifiers import Integers
from darkroom_trainer.data.naming.refusals import AddressProblem
from darkroom_trainer.data.records import dataset
from darkroom_trainer.data.records.catalog import UNREVIEWED, CatalogImage
from darkroom_trainer.data.records.findings import Findings


@dataclass(frozen=True)
class CheckedFile:
    """One annotation file: `usable` rows refer to known things; `boxes` go with all rows."""

    coco: CocoFile
    usable: Flags
    boxes: box_checks.CheckedBoxes


def check_file(coco: CocoFile, kind: AnnotationKind, findings: Findings) -> CheckedFile:
    """Check what one file says, and note what is wrong with it."""
    checks.check_ids(coco, findings)
    coco = checks.drop_groups(coco, findings)
    checks.advise_repeated_tags(coco, findings)
    usable = checks.check_references(coco, findings)
    checks.check_tags_per_image(coco, kind, usable, findings)
    if kind is not AnnotationKind.DETECTION:
        return CheckedFile(coco, usable, box_checks.CheckedBoxes(np.zeros((len(usable), 4)), in_pixels=False))
    return CheckedFile(coco, usable, box_checks.check_boxes(coco, usable, findings))


def build_images(
    file: CheckedFile,
    image_root: str,
    source: DatasetSource,
    tags: dict[str, int],
    annotations: Counter[int],
    findings: Findings,
) -> list[CatalogImage]:
    """Return the images of a file, which are below `image_root`, and count its annotations by label."""
    coco, table = file.coco, file.coco.annotations
    index_of = {category.id: tags[category.name] for category in coco.categories}
    rows_of, no_rows = _group_rows(file), np.zeros(0, dtype=np.int64)
    categories = [index_of.get(number, -1) for number in table.category_ids.tolist()]
    book = addresses.build_address_book(image_root, source.url_mappings, source.local_roots)
    detection = source.annotation_kind is AnnotationKind.DETECTION
    built = []
    for record in coco.images:
        subject = coco.name_image(record)
        address = _resolve(record, subject, book, findings)
        rows = rows_of.get(record.id, no_rows)
        rows = no_rows if record.review in UNREVIEWED else rows  # a model proposed them
        crowd = _take_crowd(file, rows, categories) if detection else None
        rows = rows[~table.crowd[rows]] if crowd else rows
        labels = tuple(categories[row] for row in rows.tolist())
        annotations.update(labels)
        built.append(
            CatalogImage(
                subject=subject,
                image_id=coco.ids.get_written(record.id),
                file=record.shown,
                uri=address.uris[0] if address else None,
                declared=(record.width, record.height) if file.boxes.in_pixels else None,
                labels=labels if detection else tuple(dict.fromkeys(labels)),
                boxes=file.boxes.relative[rows].astype(np.float32) if detection else dataset.no_boxes(),
                crowd=crowd,
                other_uris=address.uris[1:] if address else (),
                hint=address.hint if address else "",
                review=record.review,
            )
        )
    return built


def _group_rows(file: CheckedFile) -> dict[int, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Return the rows of each image, in the order of the file."""
    rows = np.flatnonzero(file.usable)
    image_ids = file.coco.annotations.image_ids[rows]
    order = np.argsort(image_ids, kind="stable")
    values, starts = np.unique(image_ids[order], return_index=True)
    groups = np.split(rows[order], starts[1:])
    return dict(zip(values.tolist(), groups, strict=False))


def _take_crowd(file: CheckedFile, rows: Integers, labels: Sequence[int]) -> dataset.Crowd | None:
    """Return the boxes around many things among `rows`, None where there are none; `labels` go with all rows."""
    marked = rows[file.coco.annotations.crowd[rows]]
    if not len(marked):
        return None
    return dataset.Crowd(tuple(labels[row] for row in marked.tolist()), file.boxes.relative[marked].astype(np.float32))


def _resolve(
    record: ImageRecord, subject: str, book: addresses.AddressBook, findings: Findings
) -> addresses.Address | None:
    try:
        return addresses.resolve_address(record, book)
    except AddressProblem as problem:
        findings.add(subject, str(problem))
        return None

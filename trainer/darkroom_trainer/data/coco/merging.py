"""Annotation files to one catalog: parsed, checked, merged.

Owns the merge: tags by name, in the order of their ids in the first file, then new ones from the next files; image
ids stay per file. Pure: text in, catalog and findings out. Must not do: I/O.
"""

import gc
from collections import Counter
from collections.abc import Iterable, Sequence

from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_api.v1alpha1.dataset import Category
from darkroom_storage.errors import display_uri
from darkroom_trainer.data.coco import checked_files, same_files, totals
from darkroom_trainer.data.coco.documents import parse_coco
from darkroom_trainer.data.records.catalog import Catalog, CatalogImage
from darkroom_trainer.data.records.findings import Findings


def build_catalog(texts: Iterable[bytes], source: DatasetSource, findings: Findings) -> Catalog:
    """Return what the annotation files of `source` say; `texts` are their bytes in the same order."""
    gc.disable()  # walking a million new objects again and again is nearly half of the time
    try:
        return _build_catalog(texts, source, findings)
    finally:
        gc.enable()


def _build_catalog(texts: Iterable[bytes], source: DatasetSource, findings: Findings) -> Catalog:
    kind = source.annotation_kind
    images: list[CatalogImage] = []
    tags: dict[str, int] = {}
    annotations: Counter[int] = Counter()
    for text, uri, name in zip(texts, source.annotation_files, name_files(source.annotation_files), strict=True):
        coco = parse_coco(text, name, findings, with_boxes=kind is AnnotationKind.DETECTION)
        if coco is None:
            continue
        file = checked_files.check_file(coco, kind, findings)
        for tag in file.coco.list_tags():
            tags.setdefault(tag, len(tags))
        images += checked_files.build_images(file, uri, source, tags, annotations, findings)
    distinct = same_files.merge_same_files(images, list(tags), kind, findings)
    annotations.subtract(distinct.repeated)
    catalog = Catalog(
        tags=tuple(tags),
        images=distinct.images,
        categories=_count_categories(tags, distinct.images, annotations),
        annotations=annotations.total(),
        repeated=distinct.repeated.total(),
    )
    totals.check_totals(catalog, source, findings)
    return catalog


def _count_categories(
    tags: dict[str, int], images: Iterable[CatalogImage], annotations: Counter[int]
) -> tuple[Category, ...]:
    carried: Counter[int] = Counter()
    for image in images:
        carried.update(set(image.labels))
    return tuple(
        Category(name=tag, images=carried[label], annotations=annotations[label]) for tag, label in tags.items()
    )


def name_files(uris: Sequence[str]) -> list[str]:
    """Return short names for annotation files in messages: the last part, or the whole where that is ambiguous."""
    short = [display_uri(uri).rpartition("/")[2] for uri in uris]
    return [name if short.count(name) == 1 else display_uri(uri) for name, uri in zip(short, uris, strict=True)]

"""Annotation files to one catalog: parsed, checked, merged.

Owns the merge: tags by name, in the order of their ids in the first file, then new ones from the next files; image
ids stay per file. Images whose proposed labels no person has accepted stay apart. Pure: text in, catalog and findings
out. Must not do: I/O.
"""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from darkroom_api.names import VOLUME_SCHEME
from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_api.v1alpha1.dataset import Category
from darkroom_storage.errors import display_uri
from darkroom_trainer.data.coco import addresses, checked_files, same_files, totals
from darkroom_trainer.data.coco.documents import CocoFile, parse_coco
from darkroom_trainer.data.records.catalog import UNREVIEWED, Catalog, CatalogImage
from darkroom_trainer.data.records.findings import Findings


def build_catalog(texts: Iterable[bytes], source: DatasetSource, findings: Findings) -> Catalog:
    """Return what the annotation files of `source` say; `texts` are their bytes in the same order."""
    gc.disable()  # walking a million new objects again and again is nearly half of the time
    try:
        return merge_files(_parse_all(texts, source, findings), source, findings)
    finally:
        gc.enable()


def _parse_all(texts: Iterable[bytes], source: DatasetSource, findings: Findings) -> Iterator[tuple[CocoFile, str]]:
    with_boxes = source.annotation_kind is AnnotationKind.DETECTION
    for text, uri, name in zip(texts, source.annotation_files, name_files(source.annotation_files), strict=True):
        coco = parse_coco(text, name, findings, with_boxes=with_boxes)
        if coco is not None:
            yield coco, source.image_root or addresses.find_folder(uri)


def merge_files(files: Iterable[tuple[CocoFile, str]], source: DatasetSource, findings: Findings) -> Catalog:
    """Return what files say together, each given with the folder that its images are below."""
    kind = source.annotation_kind
    images: list[CatalogImage] = []
    tags: dict[str, int] = {}
    annotations: Counter[int] = Counter()
    for coco, image_root in files:
        file = checked_files.check_file(coco, kind, findings)
        for tag in file.coco.list_tags():
            tags.setdefault(tag, len(tags))
        images += checked_files.build_images(file, image_root, source, tags, annotations, findings)
    unreviewed = [image for image in images if image.review in UNREVIEWED]
    images = [image for image in images if image.review not in UNREVIEWED]
    distinct = same_files.merge_same_files(images, list(tags), kind, findings)
    places = {image.uri for image in distinct.images}
    annotations.subtract(distinct.repeated)
    catalog = Catalog(
        tags=tuple(tags),
        images=distinct.images,
        categories=_count_categories(tags, distinct.images, annotations),
        annotations=annotations.total(),
        repeated=distinct.repeated.total(),
        unreviewed=tuple(image for image in unreviewed if image.uri not in places),
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
    short = [display_uri(uri).removeprefix(VOLUME_SCHEME).rstrip("/").rpartition("/")[2] for uri in uris]
    return [name if short.count(name) == 1 else display_uri(uri) for name, uri in zip(short, uris, strict=True)]

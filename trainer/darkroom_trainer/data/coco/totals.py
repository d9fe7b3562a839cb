"""What must hold for a dataset as a whole: that there is something to learn, and not more than is taken.

Pure: a catalog in, findings out. Must not do: I/O.
"""

from typing import Final

from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.records.catalog import Catalog
from darkroom_trainer.data.records.findings import Findings, Issue

MAX_TAGS: Final = 2000
MAX_IMAGES: Final = {
    AnnotationKind.CLASSIFICATION: 1_000_000,
    AnnotationKind.MULTILABEL: 1_000_000,
    AnnotationKind.DETECTION: 200_000,
}
"""The replaced service's documented limits (its COCO checker)."""
USEFUL_IMAGES_PER_TAG: Final = 2
"""Its minimum for training; fewer is a warning here, since evaluation data may hold fewer."""
ADVISED_IMAGES_PER_TAG: Final = 5
"""What its own notebook recommended to begin with."""


def check_totals(catalog: Catalog, source: DatasetSource, findings: Findings) -> None:
    """Note a dataset that holds nothing to learn from, or more than is taken; warn of rare tags."""
    if findings.problem_count and not catalog.images:
        return
    name, kind = f"dataset {source.name}", source.annotation_kind
    if not catalog.images:
        findings.add(name, "has no images")
    if len(catalog.images) > MAX_IMAGES[kind]:
        findings.add(name, f"has {len(catalog.images):,} images, at most {MAX_IMAGES[kind]:,} are taken")
    least = 1 if kind is AnnotationKind.DETECTION else 2
    if not least <= len(catalog.tags) <= MAX_TAGS:
        findings.add(name, f"has {len(catalog.tags):,} categories, {kind} takes {least} to {MAX_TAGS:,}")
    elif not catalog.annotations and not findings.problem_count:
        findings.add(name, "has no annotation at all")
    if not findings.problem_count:  # a tag may have too few images because of them
        _warn_rare(catalog, findings)
    _warn_repeated(catalog, findings)


def _warn_rare(catalog: Catalog, findings: Findings) -> None:
    for category in catalog.categories:
        if category.images >= ADVISED_IMAGES_PER_TAG:
            continue
        if category.images < USEFUL_IMAGES_PER_TAG:
            has = "no image" if category.images == 0 else "one image only"
            message = f"has {has}; training needs at least {USEFUL_IMAGES_PER_TAG} to learn it"
        else:
            message = f"has {category.images} images; {ADVISED_IMAGES_PER_TAG} or more are advised, add some"
        score = category.images / ADVISED_IMAGES_PER_TAG
        findings.advise(Issue.RARE_TAG, f"category {category.name!r}", message, score=score)


def _warn_repeated(catalog: Catalog, findings: Findings) -> None:
    first: dict[str, str] = {}
    for image in catalog.images:
        if image.uri is not None and first.setdefault(image.uri, image.subject) != image.subject:
            message = f"is the same file as {first[image.uri]}; it counts twice"
            findings.advise(Issue.EXACT_DUPLICATE, image.subject, message, (image.image_id,))

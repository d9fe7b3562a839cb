"""What must hold for a dataset as a whole: that there is something to learn, and not more than is taken.

Pure: a catalog in, findings out. Must not do: I/O.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
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
_CROWDS: Final = "marked as crowds (iscrowd 1), which are not learned; set iscrowd to 0 where one is around one object"
_MAX_IMAGES: Final = 100


def check_totals(catalog: Catalog, source: DatasetSource, findings: Findings) -> None:
    """Note a dataset that holds nothing to learn from, or more than is taken; warn of rare tags."""
    if findings.problem_count and not catalog.images:
        return
    name, kind = f"dataset {source.name}", source.annotation_kind
    if not catalog.images and catalog.unreviewed:
        count = len(catalog.unreviewed)
        findings.add(name, f"has no image that a person has labelled: all {count:,} wait for a review or were rejected")
    elif not catalog.images:
        findings.add(name, "has no images")
    if len(catalog.images) > MAX_IMAGES[kind]:
        findings.add(name, f"has {len(catalog.images):,} images, at most {MAX_IMAGES[kind]:,} are taken")
    _check_tags(catalog, kind, name, findings)
    crowds = Counter(label for image in catalog.images if image.crowd for label in image.crowd.labels)
    _check_annotations(catalog, crowds, name, findings)
    if catalog.annotations and not findings.problem_count:  # else a tag may have too few images because of them
        _warn_rare(catalog, crowds, findings)
    _warn_alike(catalog.tags, findings)


def _check_tags(catalog: Catalog, kind: AnnotationKind, name: str, findings: Findings) -> None:
    """Note a number of tags that is not taken; a classifier needs two that have images."""
    count, least = len(catalog.tags), 1 if kind is AnnotationKind.DETECTION else 2
    seen = [category.name for category in catalog.categories if category.images]
    if len(seen) == 1 and kind is AnnotationKind.CLASSIFICATION:
        said = f"a classifier needs two tags that have images, and only {seen[0]!r} has; add images of another one"
        if count == 1:
            findings.add(name, said)
        else:  # it may be there to measure on; a training refuses it (annotations.py)
            findings.advise(Issue.RARE_TAG, name, said, score=0.0)
    elif not least <= count <= MAX_TAGS:
        findings.add(name, f"has {count:,} categories, {kind} takes {least} to {MAX_TAGS:,}")


def _check_annotations(catalog: Catalog, crowds: Counter[int], name: str, findings: Findings) -> None:
    """Note a dataset without annotations, and tell of those that are crowds."""
    count = crowds.total()
    if catalog.annotations and count:
        images = [image.image_id for image in catalog.images if image.crowd][:_MAX_IMAGES]
        said = f"{count:,} of {catalog.annotations + count:,} annotations are {_CROWDS}"
        findings.advise(Issue.CROWD, name, said, images)
    elif count:
        findings.add(name, f"all {count:,} annotations are {_CROWDS}")
    elif not catalog.annotations and catalog.tags and not findings.problem_count:
        findings.add(name, "has no annotation at all")


def _warn_rare(catalog: Catalog, crowds: Counter[int], findings: Findings) -> None:
    for label, category in enumerate(catalog.categories):
        if category.images >= ADVISED_IMAGES_PER_TAG:
            continue
        if category.images < USEFUL_IMAGES_PER_TAG:
            has = "one image only" if category.images else "no image"
            message = f"has {has}; training needs at least {USEFUL_IMAGES_PER_TAG} to learn it"
            if crowds[label]:
                message += f", and {crowds[label]:,} of its annotations are {_CROWDS}"
        else:
            message = f"has {category.images} images; {ADVISED_IMAGES_PER_TAG} or more are advised, add some"
        score = category.images / ADVISED_IMAGES_PER_TAG
        findings.advise(Issue.RARE_TAG, f"category {category.name!r}", message, score=score)


def _warn_alike(tags: Sequence[str], findings: Findings) -> None:
    """Tell of tags that a reader takes for one; they stay different ones, as in the replaced service."""
    alike: dict[str, list[str]] = {}
    for tag in tags:
        folded = " ".join(unicodedata.normalize("NFKC", tag).casefold().split())
        alike.setdefault(folded, []).append(tag)
    for first, *others in alike.values():
        if others:
            listed = ", ".join(repr(other) for other in others[:5])
            findings.advise(
                Issue.NAMES,
                f"category {first!r}",
                f"differs from {listed} by case, blanks or Unicode form only; they are learned as different tags: "
                "rename them where they mean the same",
            )

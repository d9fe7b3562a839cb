"""A dataset read and checked as a whole: annotation files, then every image.

Owns the order of these steps and which failure is whose. Must not do: keep pixels, or write to storage.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from darkroom_api.run_config import DatasetSource
from darkroom_storage.objects import ObjectInfo, Storage, StorageError, display_uri, open_dataset
from darkroom_trainer.data.inspection import advice, revision
from darkroom_trainer.data.inspection.fetching import Check, CheckedImage, ImageMissing, check_images
from darkroom_trainer.data.records.catalog import Catalog, CatalogImage
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.data.sources import catalogs, surroundings
from darkroom_trainer.data.sources.label_source import ShowCount
from darkroom_trainer.data.sources.progress import ShowProgress
from darkroom_trainer.runtime.storage_failures import explain_storage_error

Recall = Callable[[Storage, Catalog, Sequence[bytes]], Sequence[CheckedImage] | None]
"""Finds what an earlier run saw of all images of a catalog, in this version; None where it is not known."""


@dataclass(frozen=True)
class Examination:
    """What is in a dataset and what is wrong with it; `checked` goes with `catalog.images`, None where unusable."""

    source: DatasetSource
    catalog: Catalog
    checked: tuple[CheckedImage | None, ...]
    findings: Findings
    revision: str


def examine_dataset(
    source: DatasetSource,
    folder: pathlib.Path | None,
    show_progress: ShowProgress,
    *,
    stop_at_annotations: bool,
    preview_folder: pathlib.Path | None = None,
    show_count: ShowCount = lambda _count: None,
    recall: Recall | None = None,
) -> Examination:
    """Return the examination of `source`; images are kept in `folder`, previews in `preview_folder`, if given.

    With `stop_at_annotations`, images are not read where the annotations are wrong already; nor are they where `recall`
    knows them. Raises RunError: DatasetNotFound for an annotation file, StorageUnavailable, InvalidConfiguration.
    """
    storage = open_dataset(source)
    findings = Findings()
    hashes: list[bytes] = []
    catalog = catalogs.read_catalog(storage, source, findings, hashes, show_count)
    skip = stop_at_annotations and findings.problem_count > 0
    known = None if skip or recall is None else recall(storage, catalog, hashes)
    fetched = known or check_images(catalog.images, storage, folder, preview_folder=preview_folder)
    checked = [] if skip else _check_all(catalog.images, fetched, storage, show_progress, findings)
    catalog = catalog if skip else _place_images(catalog, checked, findings)
    advice.advise(catalog, checked, findings)
    hashed = "" if skip else revision.compute_revision(hashes, _locate(catalog, checked))
    return Examination(source, catalog, tuple(checked), findings, hashed)


def _locate(catalog: Catalog, checked: Sequence[CheckedImage | None]) -> list[tuple[str, ObjectInfo]]:
    pairs = zip(catalog.images, checked, strict=True)
    return [(image.uri, check.info) for image, check in pairs if image.uri is not None and check is not None]


def _check_all(
    images: Sequence[CatalogImage],
    fetched: Iterable[Check],
    storage: Storage,
    show_progress: ShowProgress,
    findings: Findings,
) -> list[CheckedImage | None]:
    checks: list[Check] = []
    try:
        for check in fetched:
            checks.append(check)
            show_progress(len(checks), len(images))
    except StorageError as error:
        raise explain_storage_error(error, storage.access, subject=images[len(checks)].subject) from error
    _note_problems(images, checks, findings)
    _note_missing(images, checks, storage, findings)
    return [check if isinstance(check, CheckedImage) else None for check in checks]


def _note_problems(images: Sequence[CatalogImage], checks: Sequence[Check], findings: Findings) -> None:
    wrongly_sized = set()
    for image, check in zip(images, checks, strict=True):
        if isinstance(check, CheckedImage):
            problem = _judge_size(image, check)
            if problem is not None:
                findings.add(image.subject, problem)
                wrongly_sized.add(image.name)
        elif image.uri is not None and not isinstance(check, ImageMissing):
            findings.add(image.subject, str(check), cause=_generalise(image, str(check)))
    findings.withdraw(wrongly_sized)


def _generalise(image: CatalogImage, message: str) -> str:
    """Return the message without the image's own address, so that what images share is told once."""
    for uri in (image.uri or "", *image.other_uris):
        message = message.replace(display_uri(uri), "…")
    return message


def _judge_size(image: CatalogImage, check: CheckedImage) -> str | None:
    """Return what is wrong with the declared size of an image."""
    size = check.size
    if image.declared is None or _is_size(image.declared, size.width, size.height):
        return None
    width, height = image.declared
    problem = f"is declared as {width:g} x {height:g} but is {size.width} x {size.height} pixels"
    if size.turned and _is_size(image.declared, size.height, size.width):
        return (
            f"{problem} as it is shown: its EXIF block turns it, and width and height are those before; write "
            f"{size.width} and {size.height}, and boxes in the picture as it is shown"
        )
    hint = " (after the rotation that its EXIF block asks for)" if size.turned else ""
    return f"{problem}{hint}; boxes in pixels need the real size"


def _is_size(declared: tuple[float, float], width: int, height: int) -> bool:
    return abs(declared[0] - width) < 1 and abs(declared[1] - height) < 1


def _note_missing(
    images: Sequence[CatalogImage], checks: Sequence[Check], storage: Storage, findings: Findings
) -> None:
    """Note the images that are at none of their addresses, and what is there instead."""
    missing = [(image, check) for image, check in zip(images, checks, strict=True) if isinstance(check, ImageMissing)]
    reasons = surroundings.explain_missing(storage, [image.uri or "" for image, _ in missing])
    for (image, check), why in zip(missing, reasons, strict=True):
        findings.add(image.subject, f"{check}{why.tell_of_image(image.hint)}", cause=f"missing: {why.cause}")


def _place_images(catalog: Catalog, checked: Sequence[CheckedImage | None], findings: Findings) -> Catalog:
    """Return the catalog with each image at the address where it was found; note those that are one file's."""
    placed = tuple(
        image if check is None or check.uri == image.uri else dataclasses.replace(image, uri=check.uri)
        for image, check in zip(catalog.images, checked, strict=True)
    )
    firsts: dict[str, str] = {}
    for before, image in zip(catalog.images, placed, strict=True):
        first = firsts.setdefault(image.uri or image.subject, image.subject)
        if first != image.subject and before is not image:
            findings.add(image.subject, f"is the same file as {first!r} in another spelling; give both the same name")
    return dataclasses.replace(catalog, images=placed)

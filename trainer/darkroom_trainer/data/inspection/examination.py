"""A dataset read and checked as a whole: annotation files, then every image.

Owns the order of these steps and which failure is whose. Must not do: keep pixels, or write to storage.
"""

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from darkroom_api.run_config import DatasetSource
from darkroom_predict.images import ImageProblem
from darkroom_trainer.data.coco import documents, merging
from darkroom_trainer.data.inspection import advice, revision
from darkroom_trainer.data.inspection.fetching import Check, CheckedImage, check_images
from darkroom_trainer.data.inspection.progress import ShowProgress
from darkroom_trainer.data.records.catalog import Catalog, CatalogImage
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.runtime.errors import ObjectTooLarge, RunError, StorageError
from darkroom_trainer.storage.objects import Storage, explain_storage_error, open_dataset, retry_storage


@dataclass(frozen=True)
class Examination:
    """What is in a dataset and what is wrong with it; `checked` goes with `catalog.images`, None where unusable."""

    source: DatasetSource
    catalog: Catalog
    checked: tuple[CheckedImage | None, ...]
    findings: Findings
    revision: str


def examine_dataset(
    source: DatasetSource, folder: pathlib.Path | None, show_progress: ShowProgress, *, stop_at_annotations: bool
) -> Examination:
    """Return the examination of `source`; images are kept in `folder` if given.

    With `stop_at_annotations`, images are not read where the annotations are wrong already. Raises RunError:
    DatasetNotFound for an annotation file, StorageUnavailable, InvalidConfiguration.
    """
    storage = open_dataset(source)
    findings = Findings()
    hashes: list[bytes] = []
    catalog = merging.build_catalog(_read_texts(storage, source, hashes), source, findings)
    skip = stop_at_annotations and findings.problem_count > 0
    checked = [] if skip else _check_all(catalog.images, storage, folder, show_progress, findings)
    advice.advise(catalog, checked, findings)
    hashed = "" if skip else revision.compute_revision(hashes, catalog.images, checked)
    return Examination(source, catalog, tuple(checked), findings, hashed)


def _read_texts(storage: Storage, source: DatasetSource, hashes: list[bytes]) -> Iterator[bytes]:
    """Yield the annotation files one after another, so that memory holds one, and note their SHA-256."""
    for uri in source.annotation_files:
        text = _read_annotations(storage, uri)
        hashes.append(revision.hash_text(text))
        yield text


def _read_annotations(storage: Storage, uri: str) -> bytes:
    try:
        return retry_storage(lambda: storage.read(uri, documents.MAX_ANNOTATION_BYTES)).data
    except StorageError as error:
        end = explain_storage_error(error, storage.access)
        hint = "; split it into several annotationFiles" if isinstance(error, ObjectTooLarge) else ""
        raise RunError(end.reason, f"annotation file {end.message}{hint}") from error


def _check_all(
    images: Sequence[CatalogImage],
    storage: Storage,
    folder: pathlib.Path | None,
    show_progress: ShowProgress,
    findings: Findings,
) -> list[CheckedImage | None]:
    kept: list[CheckedImage | None] = []
    try:
        for image, check in zip(images, check_images(images, storage, folder), strict=True):
            kept.append(_judge(image, check, findings))
            show_progress(len(kept), len(images))
    except StorageError as error:
        end = explain_storage_error(error, storage.access)
        raise RunError(end.reason, f"{images[len(kept)].subject}: {end.message}") from error
    return kept


def _judge(image: CatalogImage, check: Check, findings: Findings) -> CheckedImage | None:
    if isinstance(check, ImageProblem):
        if image.uri is not None:
            findings.add(image.subject, str(check))
        return None
    if image.declared is not None and not _fits(image.declared, check):
        width, height = image.declared
        hint = " (after the rotation that its EXIF block asks for)" if check.size.turned else ""
        findings.add(
            image.subject,
            f"is declared as {width:g} x {height:g} but is {check.size.width} x {check.size.height} pixels{hint}; "
            "boxes in pixels need the real size",
        )
    return check


def _fits(declared: tuple[float, float], check: CheckedImage) -> bool:
    return abs(declared[0] - check.size.width) < 1 and abs(declared[1] - check.size.height) < 1

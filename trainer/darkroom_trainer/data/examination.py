"""A dataset read and checked as a whole: annotation files, every image, the revision, and the summary of it all.

Owns the order of these steps and the words of the result. Must not do: keep pixels, or write to storage.
"""

import hashlib
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.dataset import DatasetSummary
from darkroom_trainer.data.catalog import Catalog, CatalogImage, build_catalog
from darkroom_trainer.data.fetching import Check, CheckedImage, check_images
from darkroom_trainer.data.findings import Findings
from darkroom_trainer.data.images import ImageProblem
from darkroom_trainer.errors import RunError, StorageError, display_uri
from darkroom_trainer.storage import Storage, explain_storage_error, open_storage, retry_storage

MAX_ANNOTATION_BYTES: Final = 1 << 30
_SHOWN_TAGS: Final = 100
_SHOWN_PROBLEMS: Final = 10
_MAX_MESSAGE: Final = 900

ShowProgress = Callable[[int, int], None]


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
    storage = open_storage(source.storage)
    findings = Findings()
    texts = [_read_annotations(storage, uri) for uri in source.annotation_files]
    catalog = build_catalog(texts, source, findings)
    skip = stop_at_annotations and findings.problem_count > 0
    checked = [] if skip else _check_all(catalog.images, storage, folder, show_progress, findings)
    revision = "" if skip else compute_revision(texts, catalog.images, checked)
    return Examination(source, catalog, tuple(checked), findings, revision)


def _read_annotations(storage: Storage, uri: str) -> bytes:
    try:
        return retry_storage(lambda: storage.read(uri, MAX_ANNOTATION_BYTES)).data
    except StorageError as error:
        end = explain_storage_error(error, storage.access)
        raise RunError(end.reason, f"annotation file {end.message}") from error


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


def compute_revision(
    texts: Sequence[bytes], images: Sequence[CatalogImage], checked: Sequence[CheckedImage | None]
) -> str:
    """Return the hash of the annotation files and of every image's address, size and ETag, as `sha256:...`."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text).digest())
    for image, check in zip(images, checked, strict=True):
        if image.uri is not None and check is not None:
            digest.update(f"{display_uri(image.uri)}\0{check.info.size}\0{check.info.etag}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def summarise(examination: Examination, report: str | None = None) -> DatasetSummary:
    """Return the summary for a status: the first tags and problems, all the counts."""
    catalog, findings = examination.catalog, examination.findings
    return DatasetSummary(
        images=len(catalog.images),
        annotations=catalog.annotations,
        categories=catalog.categories[:_SHOWN_TAGS],
        category_count=len(catalog.tags),
        revision=examination.revision or None,
        problems=tuple(findings.problems[:_SHOWN_PROBLEMS]),
        problem_count=findings.problem_count,
        report=report,
    )


def describe(examination: Examination) -> str:
    """Return one sentence: what is in the dataset, or what is wrong with it."""
    return _describe_problems(examination) if examination.findings.problem_count else _describe_content(examination)


def _describe_content(examination: Examination) -> str:
    catalog, warnings = examination.catalog, examination.findings.warnings
    text = f"{_count(len(catalog.images), 'image')}, {_count(catalog.annotations, 'annotation')}, "
    text += _count(len(catalog.tags), "tag")
    if warnings:
        text += f"; {_count(len(warnings), 'warning')}, the first: {warnings[0].subject} {warnings[0].message}"
    return text[:_MAX_MESSAGE]


def _describe_problems(examination: Examination) -> str:
    findings = examination.findings
    first = findings.problems[0]
    text = f"{first.subject}: {first.message}"
    if findings.problem_count > 1:
        text = f"{_count(findings.problem_count, 'problem')}, the first: {text}"
    return text[:_MAX_MESSAGE]


def build_corrupt_error(examination: Examination) -> RunError:
    """Return the end of a run whose dataset has problems."""
    name = examination.source.name
    return RunError(Reason.DATASET_CORRUPT, f"dataset {name}: {describe(examination)}", summarise(examination))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""A whole migration: a Custom Vision project into a folder or a bucket, from its images to the two manifests.

Owns the order and the files that are written. Must not do: print, or read the key.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_migrate import manifests
from darkroom_migrate.answers import Project, ServedImage
from darkroom_migrate.calls import Caller
from darkroom_migrate.coco import LabelledImage, build_document
from darkroom_migrate.copying import Copier, Failure, Listing, list_and_copy
from darkroom_migrate.errors import MigrationError
from darkroom_migrate.journal import CopiedImage, Journal
from darkroom_migrate.labels import Labels, TagBook, Use, build_tag_book, read_labels
from darkroom_migrate.training_api import OldModel, TrainingApi
from darkroom_storage.objects import Storage, join_uri, retry_storage

_PASSES: Final = 3
"""Over the whole list: again where it changed meanwhile, or where an address expired before its image was copied."""
_TURNED: Final = (
    "its EXIF block turns it, and the project has the size before: its regions may be meant for the picture before it "
    "is turned; draw them again"
)


@dataclass(frozen=True)
class Target:
    """Where everything is written: `root` is a URI without a final slash."""

    storage: Storage
    root: str
    endpoint: str | None = None


@dataclass(frozen=True)
class Migrated:
    """What a migration did. `failures` are missing from the target, `remarks` are what was not taken as it was."""

    project: Project
    kind: AnnotationKind
    images: Counter[Use]
    copied: int
    failures: tuple[Failure, ...]
    remarks: tuple[str, ...]


def migrate_project(
    api: TrainingApi, images: Caller, wanted: str, target: Target, show: Callable[[str], None]
) -> Migrated:
    """Copy the project with this id or name into `target`, but for what is there already.

    `images` asks the hosts of images; `show` is told how far it is. Raises MigrationError, StorageError.
    """
    project = api.find_project(wanted)
    kind = api.find_kind(project)
    journal = _open_journal(target, project)
    before = len(journal.copied)
    copier = Copier(images, target.storage, target.root, journal)
    listing, book = _copy_until_complete(api, project, kind, copier, show)
    labelled = [_label(image, journal.copied.get(image.id), kind, book) for image in listing.images]
    for use in (Use.TRAINING, Use.UNLABELLED):
        _write(target, use.value, build_document(labelled, use, book.names), "application/json")
    old, problems = _read_old_model(api, project)
    _write_manifests(target, project, kind, old)
    journal.close()
    remarks = (f"image {found.id}: {remark}" for found in labelled for remark in found.labels.remarks)
    return Migrated(
        project=project,
        kind=kind,
        images=Counter(found.labels.use for found in labelled if found.copied or found.labels.use is Use.LEFT_OUT),
        copied=len(journal.copied) - before,
        failures=tuple(listing.failures),
        remarks=(*remarks, *problems),
    )


def _open_journal(target: Target, project: Project) -> Journal:
    journal = Journal(target.storage, target.root, project.id)
    training = join_uri(target.root, Use.TRAINING.value)
    if not journal.load() and retry_storage(lambda: target.storage.find_etag(training)) is not None:
        raise MigrationError(f"{training} exists and is not of a migration; choose another --to")
    return journal


def _copy_until_complete(
    api: TrainingApi, project: Project, kind: AnnotationKind, copier: Copier, show: Callable[[str], None]
) -> tuple[Listing, TagBook]:
    """Return a list whose length is what the service counts, and the tags that it was made with."""
    for number in range(1, _PASSES + 1):
        book = build_tag_book(api.read_tags(project))
        count = api.count_images(project)

        def is_wanted(image: ServedImage, book: TagBook = book) -> bool:
            return read_labels(image, kind, book).use is not Use.LEFT_OUT

        def tell(seen: int, count: int = count) -> None:
            show(f"{seen:,} of {count:,} images listed, {len(copier.journal.copied):,} copied")

        listing = list_and_copy(api, project, copier, is_wanted, tell)
        count = api.count_images(project)
        if listing.seen == count and not any(failure.passing for failure in listing.failures):
            break
        if number < _PASSES:
            show(f"{listing.seen:,} of {count:,} images listed, some could not be copied: the list is read again")
    if listing.seen != count:
        said = (
            f"{listing.seen:,} images are listed and {count:,} counted; leave it alone and run the same command again"
        )
        listing.failures.append(Failure(f"project {project.name!r}", said))
    return listing, book


def _label(image: ServedImage, copied: CopiedImage | None, kind: AnnotationKind, book: TagBook) -> LabelledImage:
    labels = read_labels(image, kind, book)
    if copied is not None and copied.turned and labels.boxes and _is_turned(image, copied):
        labels = Labels(Use.UNLABELLED, remarks=(*labels.remarks, _TURNED))
    return LabelledImage(image.id, copied, labels)


def _is_turned(image: ServedImage, copied: CopiedImage) -> bool:
    """Return whether the service gives the size of the picture before EXIF turns it, whatever it scaled it to."""
    sides = image.width, image.height
    if not all(isinstance(side, int) and 0 < side < 1 << 20 for side in sides):
        return False
    return bool((image.width > image.height) != (copied.width > copied.height))


def _read_old_model(api: TrainingApi, project: Project) -> tuple[OldModel | None, tuple[str, ...]]:
    try:
        return api.read_old_model(project), ()
    except MigrationError as error:
        return None, (f"what the old model scored is not known: {error}",)


def _write_manifests(target: Target, project: Project, kind: AnnotationKind, old: OldModel | None) -> None:
    """Write the manifests, but not over those that are there: their user may have changed them."""
    built = {
        "dataset.yaml": manifests.build_dataset(project, kind, target.root, target.endpoint),
        "model.yaml": manifests.build_model(project, kind, old),
    }
    for name, data in built.items():
        uri = join_uri(target.root, name)
        if retry_storage(lambda uri=uri: target.storage.find_etag(uri)) is None:  # type: ignore[misc]
            _write(target, name, data, "application/yaml")


def _write(target: Target, name: str, data: bytes, media_type: str) -> None:
    uri = join_uri(target.root, name)
    retry_storage(lambda: target.storage.write_bytes(uri, data, media_type=media_type))

"""The images that may be answered: those of a folder, or those of a Dataset that carry no label.

Owns which objects of a folder count as images. The list is kept on disk: a folder may hold a million objects. Must not
read an image.
"""

import json
import pathlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from darkroom_api.conditions import Reason
from darkroom_storage.objects import PATIENCE_SECONDS, Storage
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.sources.listing import find_name, find_prefix, is_of_run, is_picture_name
from darkroom_trainer.data.sources.missing_files import show_uri
from darkroom_trainer.prediction.prelabelling.labelled import LabelledImages, carries_labels
from darkroom_trainer.runtime.errors import RunError


@dataclass(frozen=True)
class Candidate:
    """An image by its name and its addresses, of which the first that exists counts."""

    file: str
    uri: str
    other_uris: tuple[str, ...] = ()


class CandidateList:
    """Candidates in a file, in order; added to first, then read as often as wanted."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8")
        self._count = 0

    def add(self, candidate: Candidate) -> None:
        """Add one at the end."""
        self._file.write(json.dumps([candidate.file, candidate.uri, *candidate.other_uris]) + "\n")
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Candidate]:
        self._file.flush()
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                name, uri, *others = json.loads(line)
                yield Candidate(name, uri, tuple(others))


def list_unlabelled(images: Iterable[CatalogImage], into: CandidateList) -> int:
    """Add the images of a Dataset that carry no label; returns how many of them carry one."""
    count = 0
    for image in images:
        if carries_labels(image):
            count += 1
        elif image.uri is not None:
            into.add(Candidate(image.file, image.uri, image.other_uris))
    return count


def list_folder(
    storage: Storage,
    folder_uri: str,
    labelled: LabelledImages,
    output_uri: str | None,
    into: CandidateList,
    show_count: Callable[[int], None],
) -> int:
    """Add the images below a folder but those at the address of a labelled one; returns how many of these there are.

    What is below `output_uri` or in another run's folder is no image of a user. Raises RunError(DatasetNotFound) where
    there is no image, and StorageError.
    """
    prefix, count, others, first_other = find_prefix(folder_uri), 0, 0, ""
    for number, found in enumerate(storage.iterate_objects(prefix, PATIENCE_SECONDS), start=1):
        show_count(number)
        name = find_name(found.uri, prefix)
        if (output_uri is not None and found.uri.startswith(f"{output_uri.rstrip('/')}/")) or is_of_run(name):
            continue
        if not is_picture_name(name):
            others, first_other = others + 1, first_other or name
        elif labelled.has_address(found.uri, storage):
            labelled.note_size(found.uri, found.size)
            count += 1
        else:
            into.add(Candidate(name, found.uri))
    if not len(into) and not count:
        raise RunError(Reason.DATASET_NOT_FOUND, f"images: {_describe_empty(prefix, others, first_other)}")
    return count


def _describe_empty(prefix: str, others: int, first_other: str) -> str:
    if not others:
        return f"there is nothing below {show_uri(prefix)}; upload images there, or fix the address"
    return (
        f"there is no image below {show_uri(prefix)}, only {others:,} file{'' if others == 1 else 's'} with other "
        f"names, such as {first_other!r}; give a folder of images"
    )

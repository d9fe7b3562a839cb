"""Images from the service into the target: listed page by page, each page copied before the next is asked for.

Owns the order, since the signed address of an image expires, and which failure is an image's own. Must not do: decide
what an image teaches.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from darkroom_migrate.answers import Project, ServedImage, explain
from darkroom_migrate.calls import Caller
from darkroom_migrate.journal import CopiedImage, Journal
from darkroom_migrate.pictures import Picture, examine
from darkroom_migrate.training_api import TrainingApi
from darkroom_predict.images import MAX_IMAGE_BYTES, ImageProblem
from darkroom_storage.errors import AddressForbidden, StorageError
from darkroom_storage.objects import Storage, join_uri, retry_storage

WORKERS: Final = 8
BATCH_IMAGES: Final = 32
"""What is copied again, at most, after a kill."""


@dataclass(frozen=True)
class Failure:
    """An image that is not copied. `passing`: a new address of it, or another time, may do."""

    subject: str
    problem: str
    passing: bool = False

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"{self.subject}: {self.problem}"


@dataclass
class Listing:
    """What one pass over a project found; `seen` counts the images that could not be read as well."""

    images: list[ServedImage] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    seen: int = 0


@dataclass(frozen=True)
class Copier:
    """Copies images and notes them in the journal."""

    caller: Caller
    storage: Storage
    root: str
    journal: Journal

    def copy(self, images: Iterable[ServedImage]) -> list[Failure]:
        """Copy what the journal lacks and return what failed; a target that cannot be written ends everything."""
        failures = []
        missing = (image for image in images if image.id not in self.journal.copied)
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="copy") as pool:
            while batch := list(islice(missing, BATCH_IMAGES)):
                results = list(pool.map(self._copy_one, batch))
                self.journal.add(result for result in results if isinstance(result, CopiedImage))
                failures += [result for result in results if isinstance(result, Failure)]
        return failures

    def _copy_one(self, image: ServedImage) -> CopiedImage | Failure:
        subject = f"image {image.id}"
        try:
            answer = self.caller.get(image.original_image_uri, MAX_IMAGE_BYTES)
            if answer.status != 200:
                return Failure(subject, f"its host answered {answer.status}", passing=True)
            picture = examine(answer.body)
        except ImageProblem as problem:
            return Failure(subject, f"it {problem}")
        except AddressForbidden as error:
            return Failure(subject, _explain_forbidden(error))
        except StorageError as error:
            return Failure(subject, str(error), passing=True)
        return self._write(image, answer.body, picture)

    def _write(self, image: ServedImage, data: bytes, picture: Picture) -> CopiedImage:
        name = f"images/{image.id}.{picture.suffix}"
        uri = join_uri(self.root, name)
        retry_storage(lambda: self.storage.write_bytes(uri, data, media_type=picture.media_type))
        size = picture.size
        return CopiedImage(id=image.id, file_name=name, width=size.width, height=size.height, turned=size.turned)


def list_and_copy(
    api: TrainingApi,
    project: Project,
    copier: Copier,
    is_wanted: Callable[[ServedImage], bool],
    show: Callable[[int], None],
) -> Listing:
    """Return the images of a project, oldest first, those that are wanted copied as far as they could be."""
    listing = Listing()
    seen: set[str] = set()
    for page, skip in _list_pages(api, project):
        images, problems = _read_page(page, skip)
        new = [image for image in images if image.id not in seen]
        if images and not new:
            break  # a service that gives the same page again has no more
        seen |= {image.id for image in new}
        listing.seen += len(new) + len(problems)
        listing.images += new
        listing.failures += problems + copier.copy(image for image in new if is_wanted(image))
        show(listing.seen)
        if not new:
            break  # nor has one whose page holds no image
    listing.images.sort(key=lambda image: (image.created or "", image.id))
    return listing


def _list_pages(api: TrainingApi, project: Project) -> Iterator[tuple[list[Any], int]]:
    skip = 0
    while page := api.read_page(project, skip):
        yield page, skip
        skip += len(page)


def _read_page(page: Sequence[Any], skip: int) -> tuple[list[ServedImage], list[Failure]]:
    images, failures = [], []
    for position, entry in enumerate(page, start=skip + 1):
        try:
            images.append(ServedImage.model_validate(entry))
        except ValidationError as error:
            failures.append(Failure(f"image {position} of the project, oldest first", explain(error)))
    return images, failures


def _explain_forbidden(error: AddressForbidden) -> str:
    what = error.detail.partition(";")[0]
    return f"{error.uri} may not be read: {what}; where the host is your own, give it as --allow-url"

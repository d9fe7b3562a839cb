"""Fetches every image once with a pool of threads, for an inspection to prove that it decodes, or for another use.

Owns the pool and what each storage failure means for an image. Memory holds at most one image per thread.
Must not do: parse annotations, or keep pixels.
"""

import functools
import pathlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from PIL import Image

from darkroom_api.names import BUCKET_SCHEMES
from darkroom_predict.images import (
    MAX_IMAGE_BYTES,
    ImageProblem,
    ImageSize,
    NotAnImage,
    examine_picture,
    turn_upright,
)
from darkroom_storage import local_files, objects
from darkroom_storage.errors import AddressForbidden, CertificateRefused, ObjectMissing, ObjectTooLarge
from darkroom_trainer.data import file_types, previews
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.looks import Look, measure_look
from darkroom_trainer.data.sources import missing_files
from darkroom_trainer.runtime.pooling import map_in_order

MAX_PREVIEWS: Final = 200

Made = TypeVar("Made")


@dataclass(frozen=True)
class CheckedImage:
    """An image that was read and decoded; `path` is where it lies, None where it was only checked.

    `uri` is the one of its addresses at which it was found.
    """

    uri: str
    path: pathlib.Path | None
    size: ImageSize
    info: objects.ObjectInfo
    look: Look


class ImageMissing(ImageProblem):
    """An image that is at none of its addresses; the text says so of the first."""


Check = CheckedImage | ImageProblem
Use = Callable[[int, str, objects.Fetched], Made]
"""Makes something of the image at a place of the list, found at that address; raises ImageProblem."""


class Addressed(Protocol):
    """An image by its addresses: where nothing is at `uri`, the first of `other_uris` that exists counts."""

    @property
    def uri(self) -> str | None:
        """Return the first address, None where it has none."""

    @property
    def other_uris(self) -> tuple[str, ...]:
        """Return the others."""


def check_images(
    images: Sequence[CatalogImage],
    storage: objects.Storage,
    folder: pathlib.Path | None,
    patience_seconds: float = objects.PATIENCE_SECONDS,
    preview_folder: pathlib.Path | None = None,
) -> Iterator[Check]:
    """Yield what became of each image, in order, with the errors of `fetch_images`.

    With `folder`, what is not local already is kept there; with `preview_folder`, previews of the first images.
    """
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    if preview_folder is not None:
        (preview_folder / previews.FOLDER).mkdir(parents=True, exist_ok=True)
    return fetch_images(images, storage, functools.partial(_examine, folder, preview_folder), patience_seconds)


def fetch_images(
    images: Iterable[Addressed],
    storage: objects.Storage,
    use: Use[Made],
    patience_seconds: float = objects.PATIENCE_SECONDS,
) -> Iterator[Made | ImageProblem]:
    """Yield what `use` makes of each image, in order; an image without a URI yields an ImageProblem of its own.

    Raises StorageError when storage stays unreachable or refuses for longer than the patience with one image, and where
    the bucket's endpoint shows a wrong certificate.
    """
    fetcher = _Fetcher(storage, use, patience_seconds)
    return map_in_order(fetcher.fetch, images, "fetch", fetcher.stop)


class _Fetcher(Generic[Made]):
    """What the threads share; `stop` ends their pauses once one of them has given up."""

    def __init__(self, storage: objects.Storage, use: Use[Made], patience_seconds: float) -> None:
        self.stop = threading.Event()
        self._storage = storage
        self._use = use
        self._patience_seconds = patience_seconds

    def fetch(self, place: int, image: Addressed) -> Made | ImageProblem:
        """Return what became of one image; raises StorageUnreachable, StorageRefused and CertificateRefused."""
        if image.uri is None:
            return ImageProblem("has no address")
        missing: ObjectMissing | None = None
        for uri in (image.uri, *image.other_uris):
            try:
                return self._fetch_at(place, uri)
            except ObjectMissing as error:
                missing = missing or error
            except ObjectTooLarge as error:
                return ImageProblem(f"image {error}; make it smaller")
            except AddressForbidden as error:
                return ImageProblem(f"image {error}")
            except CertificateRefused as error:
                if uri.startswith(BUCKET_SCHEMES):
                    raise  # the storage endpoint's own concerns every image
                return ImageProblem(f"image {error}")
            except ImageProblem as problem:
                return problem
        assert missing is not None, "an image has an address"
        if missing.detail:
            return ImageProblem(f"image {missing}; upload it or fix its address")
        return ImageMissing(f"image {missing_files.show_uri(missing.uri)} does not exist")

    def _fetch_at(self, place: int, uri: str) -> Made:
        found = objects.retry_storage(
            lambda: self._storage.read(uri, MAX_IMAGE_BYTES), self._patience_seconds, sleep=self._pause
        )
        try:
            return self._use(place, uri, found)
        except NotAnImage as problem:
            raise ImageProblem(f"{problem}: {file_types.describe_picture(found.data)}") from problem

    def _pause(self, seconds: float) -> None:
        self.stop.wait(seconds)


def _examine(
    folder: pathlib.Path | None, preview_folder: pathlib.Path | None, place: int, uri: str, found: objects.Fetched
) -> CheckedImage:
    def look(picture: Image.Image, orientation: int) -> Look:
        if preview_folder is not None and place < MAX_PREVIEWS:
            # Shrunk before it is turned, while its pixels are at hand.
            upright = turn_upright(previews.shrink(picture), orientation)
            (preview_folder / previews.name_preview(place + 1)).write_bytes(previews.encode_preview(upright))
        return measure_look(found.data, picture)

    size, seen = examine_picture(found.data, look)
    return CheckedImage(uri, _keep(uri, found.data, folder, place), size, found.info, seen)


def _keep(uri: str, data: bytes, folder: pathlib.Path | None, place: int) -> pathlib.Path | None:
    if folder is None:
        return None
    path = choose_path(uri, folder, place)
    if not uri.startswith("file:"):
        path.write_bytes(data)
    return path


def choose_path(uri: str, folder: pathlib.Path, place: int) -> pathlib.Path:
    """Return where an image lies once it was fetched; a local file stays where it is."""
    return local_files.to_path(uri) if uri.startswith("file:") else folder / f"{place:07d}"

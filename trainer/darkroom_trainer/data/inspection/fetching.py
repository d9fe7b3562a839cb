"""Fetches every image once with a pool of threads and proves that it decodes.

Owns the pool and what each storage failure means for an image. Memory holds at most one image per thread.
Must not do: parse annotations, or keep pixels.
"""

import pathlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from darkroom_predict.images import MAX_IMAGE_BYTES, ImageProblem, ImageSize, NotAnImage, examine_picture
from darkroom_storage import local_files, objects
from darkroom_storage.errors import AddressForbidden, CertificateRefused, ObjectMissing, ObjectTooLarge
from darkroom_trainer.data import file_types
from darkroom_trainer.data.inspection import missing_files
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.looks import Look, measure_look

WORKERS: Final = 16
_WINDOW: Final = WORKERS * 4


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


def check_images(
    images: Sequence[CatalogImage],
    storage: objects.Storage,
    folder: pathlib.Path | None,
    patience_seconds: float = objects.PATIENCE_SECONDS,
) -> Iterator[Check]:
    """Yield what became of each image, in order; an image without a URI yields an ImageProblem of its own.

    With `folder`, what is not local already is kept there. Raises StorageError when storage stays unreachable or
    refuses for longer than the patience with one image, and where the bucket's endpoint shows a wrong certificate.
    """
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    fetcher = _Fetcher(storage, patience_seconds)
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="fetch")
    pending: deque[Future[Check]] = deque()
    try:
        for index, image in enumerate(images):
            pending.append(pool.submit(fetcher.check, image, _build_path(folder, index)))
            if len(pending) >= _WINDOW:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        fetcher.stop.set()
        pool.shutdown(cancel_futures=True)


def _build_path(folder: pathlib.Path | None, index: int) -> pathlib.Path | None:
    return None if folder is None else folder / f"{index:07d}"


class _Fetcher:
    """What the threads share; `stop` ends their pauses once one of them has given up."""

    def __init__(self, storage: objects.Storage, patience_seconds: float) -> None:
        self.stop = threading.Event()
        self._storage = storage
        self._patience_seconds = patience_seconds

    def check(self, image: CatalogImage, path: pathlib.Path | None) -> Check:
        """Return what became of one image; raises StorageUnreachable, StorageRefused and CertificateRefused."""
        if image.uri is None:
            return ImageProblem("has no address")
        missing: ObjectMissing | None = None
        for uri in (image.uri, *image.other_uris):
            try:
                return self._check_at(uri, path)
            except ObjectMissing as error:
                missing = missing or error
            except ObjectTooLarge as error:
                return ImageProblem(f"image {error}; make it smaller")
            except AddressForbidden as error:
                return ImageProblem(f"image {error}")
            except CertificateRefused as error:
                if uri.startswith("s3:"):
                    raise  # the storage endpoint's own concerns every image
                return ImageProblem(f"image {error}")
            except ImageProblem as problem:
                return problem
        assert missing is not None, "an image has an address"
        if missing.detail:
            return ImageProblem(f"image {missing}; upload it or fix its address")
        return ImageMissing(f"image {missing_files.show_uri(missing.uri)} does not exist")

    def _check_at(self, uri: str, path: pathlib.Path | None) -> CheckedImage:
        found = objects.retry_storage(
            lambda: self._storage.read(uri, MAX_IMAGE_BYTES), self._patience_seconds, sleep=self._pause
        )
        try:
            size, look = examine_picture(found.data, lambda picture: measure_look(found.data, picture))
        except NotAnImage as problem:
            raise ImageProblem(f"{problem}: {file_types.describe_picture(found.data)}") from problem
        return CheckedImage(uri, _keep(uri, found.data, path), size, found.info, look)

    def _pause(self, seconds: float) -> None:
        self.stop.wait(seconds)


def _keep(uri: str, data: bytes, path: pathlib.Path | None) -> pathlib.Path | None:
    if path is None:
        return None
    if uri.startswith("file:"):
        return local_files.to_path(uri)
    path.write_bytes(data)
    return path

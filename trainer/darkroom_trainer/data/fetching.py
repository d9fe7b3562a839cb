"""Fetches every image once with a pool of threads and proves that it decodes.

Owns the pool and what each storage failure means for an image. Memory holds at most one image per thread.
Must not do: parse annotations, or keep pixels.
"""

import pathlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from darkroom_trainer import local_files
from darkroom_trainer.data.catalog import CatalogImage
from darkroom_trainer.data.images import MAX_IMAGE_BYTES, ImageProblem, ImageSize, measure_picture
from darkroom_trainer.errors import AddressForbidden, ObjectMissing, ObjectTooLarge
from darkroom_trainer.storage import ObjectInfo, Storage, retry_storage

WORKERS: Final = 16
_WINDOW: Final = WORKERS * 4


@dataclass(frozen=True)
class CheckedImage:
    """An image that was read and decoded; `path` is where it lies, None where it was only checked."""

    path: pathlib.Path | None
    size: ImageSize
    info: ObjectInfo


Check = CheckedImage | ImageProblem


def check_images(images: Sequence[CatalogImage], storage: Storage, folder: pathlib.Path | None) -> Iterator[Check]:
    """Yield what became of each image, in order; an image without a URI yields an ImageProblem of its own.

    With `folder`, what is not local already is kept there. Raises StorageError when storage stays unreachable or
    refuses for longer than the patience of `retry_storage`.
    """
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="fetch")
    pending: deque[Future[Check]] = deque()
    try:
        for index, image in enumerate(images):
            pending.append(pool.submit(_check, image, storage, _place(folder, index), stop))
            if len(pending) >= _WINDOW:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _place(folder: pathlib.Path | None, index: int) -> pathlib.Path | None:
    return None if folder is None else folder / f"{index:07d}"


def _check(image: CatalogImage, storage: Storage, place: pathlib.Path | None, stop: threading.Event) -> Check:
    uri = image.uri
    if uri is None:
        return ImageProblem("has no address")
    try:
        found = retry_storage(lambda: storage.read(uri, MAX_IMAGE_BYTES), sleep=_pause_until(stop))
        size = measure_picture(found.data)
    except ObjectMissing as error:
        return ImageProblem(f"image {error}; upload it or mend its address")
    except (ObjectTooLarge, AddressForbidden) as error:
        return ImageProblem(f"image {error}")
    except ImageProblem as problem:
        return problem
    return CheckedImage(_keep(uri, found.data, place), size, found.info)


def _keep(uri: str, data: bytes, place: pathlib.Path | None) -> pathlib.Path | None:
    if place is None:
        return None
    if uri.startswith("file:"):
        return local_files.to_path(uri)
    place.write_bytes(data)
    return place


def _pause_until(stop: threading.Event) -> Callable[[float], None]:
    """Return a sleep that ends early once the others have given up."""

    def pause(seconds: float) -> None:
        stop.wait(seconds)

    return pause

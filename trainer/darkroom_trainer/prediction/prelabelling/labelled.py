"""The images of a Dataset that carry labels: known again by their address, and by their content at another one.

Owns what counts as labelled. Of these images as few as possible are read: those that have the size of an image that
is looked at.
"""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from darkroom_api.names import VOLUME_SCHEME
from darkroom_labels.coco_labels import Review
from darkroom_predict.images import MAX_IMAGE_BYTES
from darkroom_storage import local_files
from darkroom_storage.errors import (
    AddressForbidden,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    display_uri,
)
from darkroom_storage.objects import Storage, retry_storage
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.runtime import stopping
from darkroom_trainer.runtime.pooling import WORKERS
from darkroom_trainer.runtime.storage_failures import explain_storage_error

_OF_ONE_IMAGE = (ObjectMissing, ObjectTooLarge, AddressForbidden)
"""What says something of one image alone; whether a Dataset is in order is for its inspection to say."""


def carries_labels(image: CatalogImage) -> bool:
    """Return whether a person has labelled an image.

    What a model proposed is no label before a person has accepted it. Accepted without any, an image is known to show
    nothing; otherwise one without any is one that nobody has looked at.
    """
    if image.review is not None:
        return image.review == Review.ACCEPTED
    return bool(image.labels) or image.crowd is not None


class LabelledImages:
    """Safe to use from many threads once `measure` is done."""

    def __init__(self, images: Iterable[CatalogImage], storage: Storage, stop: threading.Event) -> None:
        self._storage = storage
        self._stop = stop
        self._addresses: dict[str, str] = {}
        """For each spelling, the first address of its image."""
        self._sizes: dict[str, int] = {}
        self._of_size: dict[int, list[str]] = {}
        self._digests: dict[int, set[bytes]] = {}
        self._reading = threading.Lock()
        for image in filter(carries_labels, images):
            for uri in (image.uri, *image.other_uris) if image.uri else ():
                self._addresses.setdefault(_normalise(uri), image.uri or uri)

    def has_address(self, uri: str, storage: Storage) -> bool:
        """Return whether the image at `uri` of `storage` is labelled; a volume has addresses of its own."""
        if uri.startswith(VOLUME_SCHEME) and storage.access.volume_claim != self._storage.access.volume_claim:
            return False
        return _normalise(uri) in self._addresses

    def note_size(self, uri: str, size: int) -> None:
        """Take the size of the image at `uri`, one of its addresses, from whoever knows it already."""
        self._sizes[self._addresses[_normalise(uri)]] = size

    def measure(self) -> None:
        """Ask for the sizes of the images, so that `has_content` reads none that has another; raises RunError."""
        unknown = [uri for uri in dict.fromkeys(self._addresses.values()) if uri not in self._sizes]
        pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="measure")
        try:
            for uri, size in zip(unknown, pool.map(self._find_size, unknown), strict=True):
                stopping.stop_if_asked(self._stop)
                if size is not None:
                    self._sizes[uri] = size
        finally:
            pool.shutdown(cancel_futures=True)
        of_size = defaultdict(list)
        for uri, size in self._sizes.items():
            of_size[size].append(uri)
        self._of_size = dict(of_size)

    def has_content(self, data: bytes) -> bool:
        """Return whether the bytes of an image are those of a labelled one; raises RunError."""
        if len(data) not in self._of_size:
            return False
        with self._reading:
            if len(data) not in self._digests:
                self._digests[len(data)] = {digest for digest in map(self._hash, self._of_size[len(data)]) if digest}
        return hashlib.sha256(data).digest() in self._digests[len(data)]

    def _find_size(self, uri: str) -> int | None:
        try:
            return retry_storage(lambda: self._storage.find_size(uri))
        except _OF_ONE_IMAGE:
            return None
        except StorageError as error:
            raise explain_storage_error(error, self._storage.access) from error

    def _hash(self, uri: str) -> bytes | None:
        stopping.stop_if_asked(self._stop)
        try:
            return hashlib.sha256(retry_storage(lambda: self._storage.read(uri, MAX_IMAGE_BYTES)).data).digest()
        except _OF_ONE_IMAGE:
            return None
        except StorageError as error:
            raise explain_storage_error(error, self._storage.access) from error


def _normalise(uri: str) -> str:
    """Return an address so that two spellings of one are the same text, without what may be a token."""
    return str(local_files.to_path(uri)) if uri.startswith("file:") else display_uri(uri)

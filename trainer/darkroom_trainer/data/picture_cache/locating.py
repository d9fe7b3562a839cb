"""Where the images of a dataset lie and what version of them, by listings: no image of a bucket is read for it.

Owns how many objects are listed at most. Must not decide what follows from a version.
"""

import functools
import threading
from collections.abc import Iterable, Sequence
from typing import Final

from darkroom_api.names import BUCKET_SCHEMES
from darkroom_storage.errors import ObjectMissing
from darkroom_storage.objects import PATIENCE_SECONDS, ObjectInfo, Storage
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.runtime.pooling import map_in_order

MOST_LISTED_TIMES: Final = 4
MOST_LISTED_MORE: Final = 10_000
"""A folder may hold more than a dataset's images. Beyond so many objects, listing it takes as long as reading them."""

Located = tuple[str, ObjectInfo]


def locate_images(storage: Storage, images: Sequence[CatalogImage]) -> list[Located] | None:
    """Return the address at which each image is, with its size and ETag.

    None where one is at none of its addresses, or at one of https, which tells nothing of a file without all of it, or
    where too much else lies beside them. Raises StorageError.
    """
    addresses = [(image.uri, *image.other_uris) for image in images if image.uri is not None]
    if len(addresses) < len(images) or any(uri.startswith("https:") for uris in addresses for uri in uris):
        return None
    listed = _list(storage, {uri for uris in addresses for uri in uris if uri.startswith(BUCKET_SCHEMES)}, len(images))
    if listed is None:
        return None
    find = functools.partial(_find, storage, listed)
    found = list(map_in_order(find, addresses, "locate", threading.Event()))
    complete = [one for one in found if one is not None]
    return complete if len(complete) == len(found) else None


def list_folders(uris: Iterable[str]) -> list[str]:
    """Return the folders that hold these objects, without those that lie in another of them."""
    folders: list[str] = []
    for folder in sorted({uri.rpartition("/")[0] + "/" for uri in uris}):
        if not folders or not folder.startswith(folders[-1]):
            folders.append(folder)
    return folders


def _list(storage: Storage, uris: set[str], images: int) -> dict[str, ObjectInfo] | None:
    """Return what listings say of objects; None where they have no end."""
    most, count = MOST_LISTED_TIMES * images + MOST_LISTED_MORE, 0
    listed: dict[str, ObjectInfo] = {}
    for folder in list_folders(uris):
        for found in storage.iterate_objects(folder, PATIENCE_SECONDS):
            count += 1
            if count > most:
                return None
            if found.uri in uris and found.etag is not None:
                listed[found.uri] = ObjectInfo(found.size, found.etag)
    return listed


def _find(storage: Storage, listed: dict[str, ObjectInfo], _place: int, uris: Sequence[str]) -> Located | None:
    for uri in uris:
        if uri in listed:
            return uri, listed[uri]
        if not uri.startswith(BUCKET_SCHEMES):
            try:
                return uri, storage.stat(uri)
            except ObjectMissing:
                continue
    return None

"""Entries in a bucket: read with every digest checked, and written once, the manifest last.

Owns the order of reads and writes. Must not decide which entry, or when.
"""

import contextlib
import functools
import logging
import pathlib
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from darkroom_predict.images import Pixels
from darkroom_storage.errors import ObjectMissing, ObjectTooLarge, PreconditionFailed
from darkroom_storage.objects import Storage, join_uri
from darkroom_trainer.data import decoded
from darkroom_trainer.data.picture_cache import entries, eviction, packing
from darkroom_trainer.runtime.pooling import map_in_order

LOG = logging.getLogger(__name__)


class PictureBucket:
    """The cache below `root_uri`, in which all entries together take `most_bytes` at most."""

    def __init__(self, storage: Storage, root_uri: str, most_bytes: int) -> None:
        self._storage = storage
        self._root_uri = root_uri.rstrip("/")
        self._most_bytes = most_bytes

    def list_entries(self, dataset: str) -> list[str]:
        """Return the folders of a dataset's entries that have a manifest; raises StorageError."""
        end = f"/{entries.MANIFEST_NAME}"
        uris = self._storage.list_uris(f"{self._root_uri}/{dataset}/")
        return [uri.removeprefix(f"{self._root_uri}/").removesuffix(end) for uri in uris if uri.endswith(end)]

    def read_records(self, folder: str, images: int) -> list[packing.SeenImage] | None:
        """Return what an entry knows of so many images beside their pixels; None for one that is damaged, which goes.

        Raises StorageError.
        """
        with self._dropping(folder):
            manifest = self._read_manifest(folder)
            entries.check_shape(manifest, images, manifest.size_px)
            length = images * packing.RECORD_BYTES
            name = entries.name_records(manifest.records)
            return packing.unpack_images(self._read_part(folder, name, manifest.records, length))
        return None

    def read_pixels(
        self, folder: str, shape: tuple[int, int] | None, file: pathlib.Path, stop: threading.Event
    ) -> bool:
        """Write an entry's images into a .npy file; `shape` is how many there have to be, and their side in pixels.

        Without one they are as many as the entry says. False for an entry that is damaged, which goes, and where `stop`
        is set meanwhile. Raises StorageError and OSError.
        """
        with self._dropping(folder):
            manifest = self._read_manifest(folder)
            images, size_px = shape or (manifest.images, manifest.size_px)
            entries.check_shape(manifest, images, size_px)
            pixels = decoded.create_array(file, images, size_px)
            parts = zip(entries.list_shards(images, size_px), manifest.shards, strict=True)
            read = functools.partial(self._read_shard, folder, pixels)
            return all(not stop.is_set() for _ in map_in_order(read, parts, "pictures", threading.Event()))
        return False

    def _read_manifest(self, folder: str) -> entries.PictureManifest:
        uri = self._find_uri(folder, entries.MANIFEST_NAME)
        return entries.parse_manifest(self._storage.read(uri, entries.MAX_MANIFEST_BYTES).data)

    def _read_shard(self, folder: str, pixels: Pixels, number: int, part: tuple[tuple[int, int], str]) -> None:
        (begin, end), digest = part
        rows = pixels[begin:end]
        data = self._read_part(folder, entries.name_shard(number, digest), digest, rows.nbytes)
        rows[:] = np.frombuffer(data, np.uint8).reshape(rows.shape)

    def _read_part(self, folder: str, name: str, digest: str, length: int) -> bytes:
        """Return a part that is what was written; raises EntryUnusable and StorageError."""
        try:
            data = self._storage.read(self._find_uri(folder, name), length).data
        except (ObjectMissing, ObjectTooLarge) as error:
            raise entries.EntryUnusable("a part of it is gone or too long") from error
        entries.check_part(data, digest, length)
        return data

    @contextlib.contextmanager
    def _dropping(self, folder: str) -> Iterator[None]:
        """End the block where the entry turns out to be damaged, and delete it, the manifest first.

        The next run that prepares the images writes them again.
        """
        try:
            yield
        except entries.EntryUnusable as why:
            LOG.warning("%s in the cache of images is not used, and goes: %s", folder, why)
            self._storage.delete(self._find_uri(folder, entries.MANIFEST_NAME))
            for uri in self._storage.list_uris(self._find_uri(folder, "")):
                self._storage.delete(uri)

    def make_room(self, entry: entries.PictureEntry, needed_bytes: int) -> bool:
        """Delete what has to go before an entry is written; returns whether it then fits. Raises StorageError."""
        listed = list(self._storage.iterate_objects(f"{self._root_uri}/"))
        now = time.time()
        gone = eviction.choose_evicted(listed, self._root_uri, entry, needed_bytes, self._most_bytes, now)
        for uri in gone or ():
            self._storage.delete(uri)
        return gone is not None

    def write(self, entry: entries.PictureEntry, records: bytes, pixels: Pixels, goes_on: Callable[[], bool]) -> bool:
        """Write an entry as long as `goes_on` says so; returns whether all of it is there. Raises StorageError.

        What a run that ended before left of it is not written again.
        """
        there = set(self._storage.list_uris(self._find_uri(entry.folder, "")))
        shards = []
        for number, (begin, end) in enumerate(entries.list_shards(len(pixels), entry.size_px)):
            if not goes_on():
                return False
            data = pixels[begin:end].tobytes()
            shards.append(entries.compute_digest(data))
            uri = self._find_uri(entry.folder, entries.name_shard(number, shards[-1]))
            if uri not in there:
                self._write_once(uri, data)
        digest = entries.compute_digest(records)
        self._write_once(self._find_uri(entry.folder, entries.name_records(digest)), records)
        manifest = entries.PictureManifest(
            images=len(pixels), size_px=entry.size_px, records=digest, shards=tuple(shards)
        )
        self._write_once(self._find_uri(entry.folder, entries.MANIFEST_NAME), manifest.to_bytes())
        return True

    def _write_once(self, uri: str, data: bytes) -> None:
        """Write an object, unless another run was first: it wrote the same."""
        with contextlib.suppress(PreconditionFailed):
            self._storage.write_bytes(uri, data, if_absent=True)

    def _find_uri(self, folder: str, name: str) -> str:
        return join_uri(self._root_uri, folder, name)

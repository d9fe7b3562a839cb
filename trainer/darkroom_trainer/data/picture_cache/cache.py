"""What a run takes from the cache of decoded images and leaves in it.

Owns when the cache is asked and when it is written: reading it is never what a run ends by, and writing it never what a
run waits for. Must not know how an entry is stored.
"""

import contextlib
import functools
import logging
import pathlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from darkroom_api.run_config import DatasetSource, PictureFolder, RunConfig
from darkroom_storage.objects import StorageError, open_storage
from darkroom_trainer.data import decoded
from darkroom_trainer.data.inspection.examination import Recall
from darkroom_trainer.data.picture_cache import bucket, entries, packing, reading_ahead, recalling
from darkroom_trainer.data.records.dataset import LoadedDataset

LOG = logging.getLogger(__name__)

LEAST_PREPARED_SECONDS: Final = 10.0
"""What took less to fetch and decode is not worth an upload."""

Prepared = tuple[DatasetSource, LoadedDataset]


@contextlib.contextmanager
def open_pictures(config: RunConfig, work: pathlib.Path, stop: threading.Event) -> Iterator["PictureCache"]:
    """Yield the cache of a training; what earlier attempts left in it is read from now on."""
    pictures = PictureCache(config.pictures, work, stop)
    if config.attempt > 1:
        pictures.read_ahead([one for one in (config.dataset, config.evaluation_dataset) if one is not None])
    try:
        yield pictures
    finally:
        pictures.close()


class PictureCache:
    """The decoded images of earlier runs and for later ones; one without a folder keeps and finds nothing."""

    def __init__(
        self,
        folder: PictureFolder | None,
        work: pathlib.Path,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bucket = None
        if folder is not None:
            self._bucket = bucket.PictureBucket(open_storage(folder.storage), folder.uri, folder.most_bytes)
        self._work = work
        self._stop = stop
        self._clock = clock
        self._closed = threading.Event()
        self._prepared_seconds = 0.0
        self._ahead: reading_ahead.ReadAhead | None = None
        self.writer: threading.Thread | None = None

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Count how long the block takes: it fetches or decodes images."""
        began = self._clock()
        try:
            yield
        finally:
            self._prepared_seconds += self._clock() - began

    def read_ahead(self, sources: Sequence[DatasetSource]) -> None:
        """Begin to read what `restore` will need, where there is no doubt what that is."""
        if self._bucket is not None:
            self._ahead = reading_ahead.ReadAhead(self._bucket, sources, self._work / "ahead", self._closed)

    def recall(self, source: DatasetSource) -> Recall | None:
        """Return what finds the images of a dataset in the cache, for `load_dataset`; None without a cache."""
        return None if self._bucket is None else recalling.build_recall(self._bucket, source, self._work)

    def restore(self, source: DatasetSource, dataset: LoadedDataset, size_px: int) -> None:
        """Put the decoded images where `decode_images` looks for them, if the cache has them at this size."""
        file = decoded.name_file(dataset, size_px, self._work)
        if self._bucket is None or file.exists():
            return
        entry, part = _name(source, dataset, size_px), file.with_suffix(".cached.npy")
        shape = (len(dataset.examples), size_px)
        file.parent.mkdir(parents=True, exist_ok=True)
        if self._ahead is not None and self._ahead.take(entry.folder, shape, file):
            return
        try:
            is_kept = entry.folder in self._bucket.list_entries(entry.dataset)
            if is_kept and self._bucket.read_pixels(entry.folder, shape, part, threading.Event()):
                part.replace(file)
        except StorageError as error:
            LOG.warning("the cache of images is not used: %s", error)
        finally:
            part.unlink(missing_ok=True)

    def keep(self, prepared: Sequence[Prepared], size_px: int) -> None:
        """Begin to write the decoded images of datasets, in a thread, where preparing them took long."""
        if self._bucket is None or self._prepared_seconds < LEAST_PREPARED_SECONDS:
            return
        work = functools.partial(self._write_all, self._bucket, prepared, size_px)
        self.writer = threading.Thread(target=work, name="pictures", daemon=True)
        self.writer.start()

    def close(self) -> None:
        """Let writing, and reading ahead, end after the part that they are at; nobody waits for them."""
        self._closed.set()

    def _write_all(self, cached: bucket.PictureBucket, prepared: Sequence[Prepared], size_px: int) -> None:
        """Write what is not there yet, for no longer than preparing it took."""
        ends_at = self._clock() + self._prepared_seconds

        def goes_on() -> bool:
            return not (self._stop.is_set() or self._closed.is_set()) and self._clock() < ends_at

        for source, dataset in prepared:
            try:
                self._write(cached, source, dataset, size_px, goes_on)
            except (StorageError, OSError) as error:
                LOG.warning("the decoded images of dataset %s are not kept: %s", source.name, error)

    def _write(
        self,
        cached: bucket.PictureBucket,
        source: DatasetSource,
        dataset: LoadedDataset,
        size_px: int,
        goes_on: Callable[[], bool],
    ) -> None:
        entry = _name(source, dataset, size_px)
        if entry.folder in cached.list_entries(entry.dataset):
            return
        pixels = np.load(decoded.name_file(dataset, size_px, self._work), mmap_mode="r")
        records = packing.pack_images(dataset)
        if not cached.make_room(entry, pixels.nbytes + len(records)):
            LOG.info("the decoded images of dataset %s are larger than the cache may be", source.name)
        elif cached.write(entry, records, pixels, goes_on):
            LOG.info("the decoded images of dataset %s are kept", source.name, extra={"bytes": pixels.nbytes})


def _name(source: DatasetSource, dataset: LoadedDataset, size_px: int) -> entries.PictureEntry:
    return entries.PictureEntry(entries.name_dataset(source), dataset.revision, size_px)

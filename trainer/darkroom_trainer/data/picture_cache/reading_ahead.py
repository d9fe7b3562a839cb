"""Decoded images that are read while the code of a training is loaded, before it is known whether it needs them.

Owns the thread and what is worth being read. Must not decide what is used: who takes a file names the entry.
"""

import logging
import pathlib
import threading
from collections.abc import Sequence

import numpy as np

from darkroom_api.run_config import DatasetSource
from darkroom_storage.objects import StorageError
from darkroom_trainer.data.picture_cache import bucket, entries

LOG = logging.getLogger(__name__)


class ReadAhead:
    """Reads the images of datasets into `work`, from now on, until `stop` is set.

    Of a dataset that has several entries none is read: the checkpoint will tell which one is needed.
    """

    def __init__(
        self, cached: bucket.PictureBucket, sources: Sequence[DatasetSource], work: pathlib.Path, stop: threading.Event
    ) -> None:
        self._cached = cached
        self._sources = sources
        self._work = work
        self._stop = stop
        self._files: dict[str, pathlib.Path] = {}
        self._thread = threading.Thread(target=self._read_all, name="read ahead", daemon=True)
        self._thread.start()

    def take(self, folder: str, shape: tuple[int, int], file: pathlib.Path) -> bool:
        """Make the images of an entry `file`; `shape` is how many there have to be, and their side in pixels.

        Returns False where they were not read.
        """
        self._thread.join()
        found = self._files.pop(folder, None)
        if found is None or np.load(found, mmap_mode="r").shape[:2] != shape:
            return False
        found.replace(file)
        return True

    def _read_all(self) -> None:
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            for number, source in enumerate(self._sources):
                self._read(source, self._work / f"{number}.npy")
        except (StorageError, OSError) as error:
            LOG.warning("decoded images are not read ahead: %s", error)

    def _read(self, source: DatasetSource, file: pathlib.Path) -> None:
        folders = self._cached.list_entries(entries.name_dataset(source))
        if len(folders) != 1 or folders[0] in self._files:
            return
        part = file.with_suffix(".part")
        try:
            if self._cached.read_pixels(folders[0], None, part, self._stop):
                self._files[folders[0]] = part.replace(file)
        finally:
            part.unlink(missing_ok=True)

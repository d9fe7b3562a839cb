"""Folders of weights: the mounted one, and one in a bucket.

Owns how files are listed and fetched there. Must not know networks or checksums. What cannot be reached ends the run,
for a training from random weights in their place would be paid for.
"""

import functools
import itertools
import os
import pathlib
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Location
from darkroom_storage import local_files
from darkroom_storage.errors import StorageError
from darkroom_storage.objects import join_uri, open_storage, retry_storage
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.storage_failures import explain_storage_error

Result = TypeVar("Result")

MAX_FILES: Final = 10_000
"""A folder with more than this below it is no folder of weights."""


class WeightsSource(Protocol):
    """A folder with files, named relative to it."""

    @property
    def shown(self) -> str:
        """Return what messages call it."""

    def list_files(self) -> frozenset[str]:
        """Return the files in the folder and in the folders of it; raises RunError where it cannot be reached."""

    def fetch(self, file: str) -> pathlib.Path:
        """Return the path of a listed file on this machine; raises RunError where it cannot be had."""

    def read_text(self, file: str, limit_bytes: int) -> str:
        """Return a listed file's text; raises RunError where it cannot be had."""


class FolderSource:
    """A folder of this machine; one that is not there is empty."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    @property
    def shown(self) -> str:
        """Return its path."""
        return str(self._folder)

    def list_files(self) -> frozenset[str]:
        """Return the files; links are followed, as a cache of downloads is made of them."""
        found: set[str] = set()
        for at, folders, files in os.walk(self._folder, followlinks=True):
            place = pathlib.Path(at).relative_to(self._folder)
            found.update((place / file).as_posix() for file in files)
            if place.parts or len(found) > MAX_FILES:
                folders.clear()
        return frozenset(found)

    def fetch(self, file: str) -> pathlib.Path:
        """Return the path."""
        path = self._folder / file
        if not os.access(path, os.R_OK):
            raise RunError(Reason.INVALID_CONFIGURATION, f"weights: {path} may not be read; fix its permissions")
        return path

    def read_text(self, file: str, limit_bytes: int) -> str:
        """Return the text."""
        with self.fetch(file).open(encoding="utf-8", errors="replace") as opened:
            return opened.read(limit_bytes)


class BucketSource:
    """A folder of a bucket; what is fetched from it is kept in `cache` for the run."""

    def __init__(self, location: Location, cache: pathlib.Path) -> None:
        self._location = location
        self._cache = cache
        self._storage = open_storage(location.storage)

    @property
    def shown(self) -> str:
        """Return its address."""
        return self._location.uri

    @functools.cached_property
    def _files(self) -> frozenset[str]:
        folder = self._location.uri.rstrip("/") + "/"
        found = self._try(lambda: list(itertools.islice(self._storage.iterate_objects(folder), MAX_FILES)))
        names = (one.uri.removeprefix(folder) for one in found)
        return frozenset(name for name in names if name.count("/") <= 1)

    def list_files(self) -> frozenset[str]:
        """Return the files, listed once a run."""
        return self._files

    def fetch(self, file: str) -> pathlib.Path:
        """Return the path of what was fetched, now or earlier in this run."""
        path = self._cache / file
        if not path.exists():
            self._try(lambda: self._storage.fetch(join_uri(self._location.uri, file), path))
        return path

    def read_text(self, file: str, limit_bytes: int) -> str:
        """Return the text."""
        return self._try(lambda: self._storage.read(join_uri(self._location.uri, file), limit_bytes)).data.decode(
            errors="replace"
        )

    def _try(self, action: Callable[[], Result]) -> Result:
        try:
            return retry_storage(action)
        except StorageError as error:
            end = explain_storage_error(error, self._location.storage, is_output=True)
            raise RunError(end.reason, f"weights: {end.message}; this is trainer.weights.uri") from error


def open_location(location: Location, cache: pathlib.Path) -> WeightsSource:
    """Return the source of a configured folder; a `file:` one is read in place.

    Raises RunError(InvalidConfiguration) where a credential is missing.
    """
    if location.uri.startswith("file:") and location.storage.reach.own_machine:
        return FolderSource(local_files.to_path(location.uri))
    return BucketSource(location, cache)

"""Folders in storage, of one resource's results or of the server's own runs, with what storage's failures mean.

Owns that a file is replaced only where it is the one that was read, and that a folder is the resource's own. Must not
choose credentials, or know what files say.
"""

import asyncio
import contextlib
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Final

from darkroom_api.names import artifact_folder
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_server.backends.artifacts import explained, find_artifacts
from darkroom_server.backends.backend import Changed, NotThere, Refused, Stored, TooLarge
from darkroom_storage.errors import ObjectTooLarge, PreconditionFailed
from darkroom_storage.objects import Fetched, Storage, join_uri

NO_FILE: Final = ""
"""The version of a file that is not there."""


class ResultFolder:
    """Safe to use from many tasks; each call may raise NotThere, Refused and Unavailable."""

    def __init__(self, storage: Storage, uri: str) -> None:
        self._storage = storage
        self._uri = uri

    async def read(self, name: str, limit_bytes: int) -> Fetched:
        """Return a file with its version, which is its ETag; TooLarge where it is larger than `limit_bytes`."""
        with _explained():
            return await asyncio.to_thread(self._storage.read, join_uri(self._uri, name), limit_bytes)

    async def write(self, name: str, data: bytes, version: str) -> str:
        """Write a file over the one of `version` and return the new one's; raises Changed where another is there."""
        with _explained():
            return await asyncio.to_thread(self._replace, join_uri(self._uri, name), data, version)

    async def put(self, name: str, data: bytes) -> None:
        """Write a file that nobody else writes."""
        with _explained():
            await asyncio.to_thread(self._storage.write_bytes, join_uri(self._uri, name), data)

    async def delete(self, name: str) -> None:
        """Delete a file; nothing happens where there is none."""
        with _explained():
            await asyncio.to_thread(self._storage.delete, join_uri(self._uri, name))

    async def list_names(self, prefix: str = "") -> list[str]:
        """Return the names of all files that begin with `prefix`, sorted."""
        start = join_uri(self._uri, "")
        with _explained():
            found = await asyncio.to_thread(self._storage.list_uris, f"{start}{prefix}")
        return [uri.removeprefix(start) for uri in found]

    def _replace(self, uri: str, data: bytes, version: str) -> str:
        with tempfile.TemporaryDirectory(prefix="darkroom-file-") as folder:
            path = pathlib.Path(folder) / "file"
            path.write_bytes(data)
            self._storage.replace(path, uri, None if version == NO_FILE else version)
        # The version of what is there now would be another's, where somebody has replaced it already.
        found = self._storage.read(uri, len(data))
        if found.data != data:
            raise Changed(f"{uri}: it was replaced again at once")
        return found.info.etag


def find_folder(stored: Stored) -> str:
    """Return where the results of a resource are; raises NotThere, and Refused for the folder of another resource.

    A status repeats what a pod has told, and the server may read and write the folders of all namespaces.
    """
    uri = _find_told(stored).rstrip("/")
    if not uri.endswith(f"/{artifact_folder(stored.kind, stored.name, stored.uid)}"):
        raise Refused(f"{uri}: its status names it, and it is not the folder of {stored.kind} {stored.name}")
    return uri


def _find_told(stored: Stored) -> str:
    if not isinstance(stored.status, DatasetStatus):
        return find_artifacts(stored).uri
    page = stored.status.summary.report if stored.status.summary is not None else None
    if not page:
        raise NotThere(f"Dataset {stored.name}: it has no results yet")
    return page.rpartition("/")[0]


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    with explained():
        try:
            yield
        except PreconditionFailed as error:
            raise Changed(str(error)) from error
        except ObjectTooLarge as error:
            raise TooLarge(str(error)) from error

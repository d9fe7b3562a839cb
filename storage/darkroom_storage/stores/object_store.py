"""What every storage answers: the calls that `objects` passes on, and what they return.

Must not do: know any storage.
"""

import pathlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from darkroom_storage.errors import StorageRefused

NO_LIMIT_BYTES: Final = 1 << 40
"""More than any object holds: who gives no limit reads it whole."""


@dataclass(frozen=True)
class ObjectInfo:
    """Size in bytes and ETag (MD5 for a local file, the server's own elsewhere)."""

    size: int
    etag: str


@dataclass(frozen=True)
class ListedObject:
    """An object of a listing, with its size in bytes.

    `etag` is what `stat` gives, None where the listing of that storage does not tell it; `modified_at` is when it was
    written, in seconds since 1970, 0 where nothing is written there.
    """

    uri: str
    size: int
    etag: str | None = None
    modified_at: float = 0.0


@dataclass(frozen=True)
class Fetched:
    """An object's bytes together with what its storage says of it."""

    data: bytes
    info: ObjectInfo


class ObjectStore(Protocol):
    """Objects of one kind of storage by URI, from many threads. Every failure is a StorageError."""

    def read(self, uri: str, limit_bytes: int) -> Fetched:
        """Return bytes, size and ETag in one request; ObjectTooLarge above `limit_bytes`."""

    def fetch(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        """Write the object to `path`; where it fails, a part may be there."""

    def stat(self, uri: str) -> ObjectInfo:
        """Return size and ETag."""

    def find_size(self, uri: str) -> int:
        """Return the size in bytes, as cheaply as the storage tells it."""

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool, media_type: str | None) -> None:
        """Write the object; with `if_absent`, PreconditionFailed where it exists already."""

    def upload(self, path: pathlib.Path, uri: str) -> None:
        """Write a file as an object, streamed."""

    def replace(self, path: pathlib.Path, uri: str, etag: str | None) -> None:
        """Write a file over the object that has `etag` (None: over nothing), else PreconditionFailed."""

    def iterate_objects(self, prefix_uri: str, patience_seconds: float) -> Iterator[ListedObject]:
        """Yield the objects that begin with `prefix_uri`; memory holds one page, which alone is tried again."""

    def delete(self, uri: str) -> None:
        """Delete the object; nothing happens where there is none."""


class ReadOnly(ABC):
    """A storage that cannot be written, and gives each object as a whole."""

    place: str
    """What the storage's addresses are called in messages."""

    @abstractmethod
    def read(self, uri: str, limit_bytes: int) -> Fetched:
        """Return bytes, size and ETag."""

    def fetch(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        """Write the object to `path`; its bytes are in memory meanwhile."""
        fetched = self.read(uri, NO_LIMIT_BYTES)
        path.write_bytes(fetched.data)
        return fetched.info

    def stat(self, uri: str) -> ObjectInfo:
        """Return size and ETag of what is read for it."""
        return self.read(uri, NO_LIMIT_BYTES).info

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool, media_type: str | None) -> None:  # noqa: ARG002
        """Refuse."""
        raise self._refuse(uri)

    def upload(self, path: pathlib.Path, uri: str) -> None:  # noqa: ARG002
        """Refuse."""
        raise self._refuse(uri)

    def replace(self, path: pathlib.Path, uri: str, etag: str | None) -> None:  # noqa: ARG002
        """Refuse."""
        raise self._refuse(uri)

    def delete(self, uri: str) -> None:
        """Refuse."""
        raise self._refuse(uri)

    def _refuse(self, uri: str) -> StorageRefused:
        return StorageRefused(uri, f"{self.place} can only be read")

"""Local files as a storage: the calls of `local_files` with the types that every storage returns.

Must not decide who may read this machine's files (`objects`).
"""

import pathlib
from collections.abc import Iterator

from darkroom_storage import local_files
from darkroom_storage.stores.object_store import NO_LIMIT_BYTES, Fetched, ListedObject, ObjectInfo


class LocalStore:
    """`file:` URIs."""

    def read(self, uri: str, limit_bytes: int) -> Fetched:
        """Return bytes, size and MD5."""
        data = local_files.read_file(uri, limit_bytes)
        return Fetched(data, ObjectInfo(*local_files.hash_bytes(data)))

    def fetch(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        """Write the file to `path`; its bytes are in memory meanwhile."""
        fetched = self.read(uri, NO_LIMIT_BYTES)
        path.write_bytes(fetched.data)
        return fetched.info

    def stat(self, uri: str) -> ObjectInfo:
        """Return size and MD5."""
        return ObjectInfo(*local_files.hash_file(uri))

    def find_size(self, uri: str) -> int:
        """Return the size without reading the file."""
        return local_files.find_size(uri)

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool, media_type: str | None) -> None:  # noqa: ARG002
        """Write a file, whole or not at all; it says nothing of its media type."""
        local_files.write_file(uri, data, if_absent=if_absent)

    def upload(self, path: pathlib.Path, uri: str) -> None:
        """Copy a file, whole or not at all."""
        local_files.copy_file(path, uri)

    def replace(self, path: pathlib.Path, uri: str, etag: str | None) -> None:
        """Copy a file over the one that has this MD5."""
        local_files.replace_file(path, uri, etag)

    def iterate_objects(self, prefix_uri: str, patience_seconds: float) -> Iterator[ListedObject]:  # noqa: ARG002
        """Yield the files whose path begins with the prefix, in no order; a disk is not asked again."""
        listed = local_files.iterate_files(prefix_uri)
        return (ListedObject(uri, found.st_size, modified_at=found.st_mtime) for uri, found in listed)

    def delete(self, uri: str) -> None:
        """Delete a file; nothing happens where there is none."""
        local_files.delete_file(uri)

"""Object storage through one set of calls: `s3://`, `az://` and `file:` URIs; `https://` and `volume:` read only.

Owns which storage answers for an address, and which of them a run may use. Must not do: know what is stored, or speak
to a storage (`stores`). Every failure is a StorageError of `darkroom_storage.errors`.
"""

import itertools
import pathlib
import time
from collections.abc import Iterator

from darkroom_api.names import BUCKET_SCHEMES
from darkroom_api.run_config import DatasetSource, StorageAccess
from darkroom_storage import certificates, credentials, local_files, tokens
from darkroom_storage.errors import (
    AddressForbidden,
    BucketMissing,
    ObjectMissing,
    StorageError,
    StorageRefused,
    display_uri,
)
from darkroom_storage.patience import PATIENCE_SECONDS, retry_storage
from darkroom_storage.stores.object_store import NO_LIMIT_BYTES, Fetched, ListedObject, ObjectInfo, ObjectStore
from darkroom_storage.stores.schemes import open_stores

__all__ = [
    "NO_LIMIT_BYTES", "PATIENCE_SECONDS", "Fetched", "ListedObject", "ObjectInfo", "Storage", "StorageError",
    "display_uri", "open_dataset", "open_storage", "retry_storage",
]  # fmt: skip


def open_storage(access: StorageAccess) -> "Storage":
    """Return the storage that `access` describes; no connection is made before the first call.

    Raises StorageMisconfigured naming the Secret's key when a credential is missing or an authority is none.
    """
    return Storage(access, credentials.read_credentials(access), certificates.read_authorities(access))


def open_dataset(source: DatasetSource) -> "Storage":
    """Return the storage of a dataset; a token in its spec that opens a whole container is used for all of it."""
    found = tokens.find_tokens((*source.annotation_files, source.image_root or ""))
    access = source.storage
    return Storage(access, credentials.read_credentials(access), certificates.read_authorities(access), found)


class Storage:
    """Objects by URI. Safe to use from many threads."""

    def __init__(
        self,
        access: StorageAccess,
        keys: dict[str, str],
        authorities: str = "",
        found: tuple[tokens.ContainerToken, ...] = (),
    ) -> None:
        self.access = access
        self._keys = keys
        self._authorities = authorities
        self._stores = open_stores(access, keys, authorities, found)

    def is_current(self) -> bool:
        """Return whether the mounted Secret still holds what this was opened with; raises as `open_storage` does."""
        found = credentials.read_credentials(self.access), certificates.read_authorities(self.access)
        return found == (self._keys, self._authorities)

    def read(self, uri: str, limit_bytes: int = NO_LIMIT_BYTES) -> Fetched:
        """Return bytes, size and ETag in one request; ObjectTooLarge above `limit_bytes`."""
        return self._find(uri).read(uri, limit_bytes)

    def read_bytes(self, uri: str) -> bytes:
        """Return the whole object."""
        return self.read(uri).data

    def fetch(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        """Write the object to `path`, whole or not at all; that of a bucket is never in memory as a whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        info = self._find(uri).fetch(uri, part)
        part.replace(path)
        return info

    def stat(self, uri: str) -> ObjectInfo:
        """Return size and ETag."""
        return self._find(uri).stat(uri)

    def find_size(self, uri: str) -> int:
        """Return the size in bytes; only what is at an https address is read for it."""
        return self._find(uri).find_size(uri)

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool = False, media_type: str | None = None) -> None:
        """Write the object; with `if_absent`, PreconditionFailed where it exists already.

        `media_type` is what a bucket says that it is; a file on a disk says nothing of it.
        """
        self._find(uri).write_bytes(uri, data, if_absent=if_absent, media_type=media_type)

    def upload(self, path: pathlib.Path, uri: str) -> None:
        """Write a file of at most 5 GiB (what one put takes) as an object, streamed."""
        self._find(uri).upload(path, uri)

    def find_etag(self, uri: str) -> str | None:
        """Return the object's ETag, None where there is no object."""
        try:
            return self.stat(uri).etag
        except ObjectMissing as error:
            if isinstance(error, BucketMissing):
                raise
            return None

    def replace(self, path: pathlib.Path, uri: str, etag: str | None) -> None:
        """Write a file, as `upload` does, over the object that has `etag` (None: over nothing).

        Raises PreconditionFailed where another object is there.
        """
        self._find(uri).replace(path, uri, etag)

    def list_uris(self, prefix_uri: str) -> list[str]:
        """Return the URIs of all objects that begin with `prefix_uri`, sorted."""
        return sorted(found.uri for found in self.iterate_objects(prefix_uri))

    def list_some(self, prefix_uri: str, most: int, seconds: float) -> list[str]:
        """Return, sorted, what is found within `seconds` of the URIs that `list_uris` would return, `most` at most."""
        ends_at = time.monotonic() + seconds
        found = itertools.islice(self.iterate_objects(prefix_uri), most)
        return sorted(one.uri for one in itertools.takewhile(lambda _: time.monotonic() < ends_at, found))

    def iterate_objects(self, prefix_uri: str, patience_seconds: float = 0.0) -> Iterator[ListedObject]:
        """Yield the objects that begin with `prefix_uri`, of a bucket in pages, by their keys.

        Memory holds one page. Each page is tried again for `patience_seconds`, and not those before it.
        """
        return self._find(prefix_uri).iterate_objects(prefix_uri, patience_seconds)

    def delete(self, uri: str) -> None:
        """Delete the object; nothing happens where there is none."""
        self._find(uri).delete(uri)

    def _find(self, uri: str) -> ObjectStore:
        """Return the storage of `uri`; AddressForbidden for a local file unless this machine is its user's own."""
        scheme = uri.partition(":")[0]
        if scheme not in self._stores:
            raise StorageRefused(
                uri, "it is no address that is read; use s3://BUCKET/KEY, az://CONTAINER/PATH, https:// or volume:PATH"
            )
        if scheme == "file" and not self.access.reach.own_machine:
            raise AddressForbidden(
                uri,
                "it is a file on one machine, which only `darkroom run` can read; "
                "use s3://, az://, https:// or volume:",
            )
        return self._stores[scheme]


def find_root(target: str) -> str:
    """Return the URI, without a final slash, of a local folder or of a prefix in a bucket or container."""
    return target.rstrip("/") if target.startswith(BUCKET_SCHEMES) else local_files.to_uri(pathlib.Path(target))


def join_uri(folder: str, *parts: str) -> str:
    """Return the URI of `parts` below the folder `folder`."""
    return "/".join([folder.rstrip("/"), *parts])

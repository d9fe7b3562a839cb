"""A mounted claim as a storage: the calls of `volume_files` with the types that every storage returns.

Must not open anything itself.
"""

from collections.abc import Iterator

from darkroom_api.names import VOLUME_SCHEME
from darkroom_api.run_config import StorageAccess
from darkroom_storage import volume_files
from darkroom_storage.local_files import hash_bytes
from darkroom_storage.stores.object_store import Fetched, ListedObject, ObjectInfo, ReadOnly


class VolumeStore(ReadOnly):
    """`volume:` addresses, below the root of the claim."""

    place = VOLUME_SCHEME

    def __init__(self, access: StorageAccess) -> None:
        self._access = access

    def read(self, uri: str, limit_bytes: int) -> Fetched:
        """Return bytes, size and MD5."""
        data = volume_files.read_file(self._access, uri, limit_bytes)
        return Fetched(data, ObjectInfo(*hash_bytes(data)))

    def find_size(self, uri: str) -> int:
        """Return the size without reading the file."""
        return volume_files.find_size(self._access, uri)

    def iterate_objects(self, prefix_uri: str, patience_seconds: float) -> Iterator[ListedObject]:  # noqa: ARG002
        """Yield the files whose path begins with the prefix, in no order; what failed is not asked again."""
        return (ListedObject(uri, size) for uri, size in volume_files.iterate_files(self._access, prefix_uri))

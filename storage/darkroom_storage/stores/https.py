"""Objects at https addresses, which can only be read; each is sent the token that opens its container.

Must not speak HTTP (`web`).
"""

import functools
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from darkroom_api.endpoints import Reach
from darkroom_storage import certificates, tokens, web
from darkroom_storage.errors import StorageRefused
from darkroom_storage.stores.object_store import Fetched, ListedObject, ObjectInfo, ReadOnly


class HttpsStore(ReadOnly):
    """`https://` addresses within `reach`."""

    place = "https://"

    def __init__(self, reach: Reach, found: tuple[tokens.ContainerToken, ...], authorities: str) -> None:
        self._reach = reach
        self._tokens = found
        self._authorities = authorities

    @functools.cached_property
    def _context(self) -> ssl.SSLContext:
        """Return what connections are checked by; making it reads every public authority."""
        return certificates.build_context(self._authorities)

    def read(self, uri: str, limit_bytes: int) -> Fetched:
        """Return bytes, size and the server's ETag, else a hash."""
        opened = tokens.add_token(uri, self._tokens)
        try:
            found = web.read_https(opened, reach=self._reach, limit_bytes=limit_bytes, context=self._context)
        except StorageRefused as error:
            fault = tokens.find_fault(opened.partition("?")[2], "r", datetime.now(UTC))
            raise StorageRefused(uri, f"{error.detail}; {fault}" if fault else error.detail) from error
        return Fetched(found.data, ObjectInfo(len(found.data), found.etag))

    def find_size(self, uri: str) -> int:
        """Return the size of what is read for it."""
        return self.stat(uri).size

    def iterate_objects(self, prefix_uri: str, patience_seconds: float) -> Iterator[ListedObject]:  # noqa: ARG002
        """Refuse: a web server does not list."""
        raise StorageRefused(prefix_uri, "what lies below an https:// address cannot be listed")

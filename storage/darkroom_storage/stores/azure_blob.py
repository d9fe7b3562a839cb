"""Containers of Azure Blob Storage, and of what speaks as it does.

Owns the calls. Must not do: choose credentials or hosts (`azure_client`), or the words for a refusal (`azure_answers`).
"""

import contextlib
import functools
import io
import pathlib
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobBlock, BlobClient, BlobProperties, ContentSettings

from darkroom_api.run_config import StorageAccess
from darkroom_storage import certificates, disk
from darkroom_storage.errors import (
    AddressForbidden,
    BucketMissing,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.patience import retry_storage
from darkroom_storage.stores import azure_answers, azure_client
from darkroom_storage.stores.azure_answers import Refusal
from darkroom_storage.stores.azure_client import PART_BYTES, Container
from darkroom_storage.stores.object_store import Fetched, ListedObject, ObjectInfo
from darkroom_storage.tokens import ContainerToken

PAGE_BLOBS: Final = 1000
_CONTAINER: Final = re.compile(r"\$root|\$web|\$logs|[a-z0-9](-?[a-z0-9])+")
_IF_ABSENT: Final = {"match_condition": MatchConditions.IfMissing}
_READ, _LIST, _WRITE, _DELETE = "r", "l", "w", "d"
"""What each call needs of a token."""


class AzureStore:
    """`az://` URIs."""

    def __init__(
        self, access: StorageAccess, keys: dict[str, str], authorities: str, tokens: tuple[ContainerToken, ...]
    ) -> None:
        self._access = access
        self._keys = keys
        self._authorities = authorities
        self._tokens = tokens
        self._transport: RequestsTransport | None = None
        self._containers: dict[str, Container] = {}
        self._connecting = threading.Lock()

    def read(self, uri: str, limit_bytes: int) -> Fetched:
        """Return bytes, size and ETag, in one request where the blob has at most 8 MiB."""
        blob = self._find_blob(uri)
        with self._explained(uri, _READ):
            answer = blob.download_blob(decompress=False)
            if answer.size > limit_bytes:
                raise ObjectTooLarge(uri, f"{answer.size:,} bytes, at most {limit_bytes:,} are read")
            data = answer.readall()
        return Fetched(data, _describe(answer.properties))

    def fetch(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        """Write the blob to `path` in parts."""
        blob = self._find_blob(uri)
        with self._explained(uri, _READ), path.open("wb") as file:
            answer = blob.download_blob(decompress=False)
            for chunk in answer.chunks():
                file.write(chunk)
        return _describe(answer.properties)

    def stat(self, uri: str) -> ObjectInfo:
        """Return size and ETag."""
        blob = self._find_blob(uri)
        with self._explained(uri, _READ):
            return _describe(blob.get_blob_properties())

    def find_size(self, uri: str) -> int:
        """Return the size in bytes."""
        return self.stat(uri).size

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool, media_type: str | None) -> None:
        """Write the blob, which the container says to be of `media_type`."""
        settings = {"content_settings": ContentSettings(content_type=media_type)} if media_type else {}
        self._put(uri, io.BytesIO(data), {**settings, **(_IF_ABSENT if if_absent else {})})

    def upload(self, path: pathlib.Path, uri: str) -> None:
        """Write a file in blocks of 8 MiB."""
        with path.open("rb") as file:
            self._put(uri, file, {})

    def replace(self, path: pathlib.Path, uri: str, etag: str | None) -> None:
        """Write a file, as `upload` does, over the blob that has `etag`."""
        unchanged = {"match_condition": MatchConditions.IfNotModified, "etag": f'"{etag}"'}
        with path.open("rb") as file:
            self._put(uri, file, _IF_ABSENT if etag is None else unchanged)

    def _put(self, uri: str, file: BinaryIO, settings: Mapping[str, Any]) -> None:
        """Write what is in `file`: in one request, or as blocks of this call's own and then the blob of them.

        The library's own upload gives the blocks of any two writers the same names, so that one may commit a mixture.
        """
        blob, mine = self._find_blob(uri), uuid.uuid4().hex
        with self._explained(uri, _WRITE):
            part = file.read(PART_BYTES)
            if len(part) < PART_BYTES:
                blob.upload_blob(part, overwrite=True, **settings)
                return
            blocks: list[BlobBlock] = []
            while part:
                blocks.append(BlobBlock(f"{mine}-{len(blocks):05d}"))
                blob.stage_block(blocks[-1].id, part)
                part = file.read(PART_BYTES)
            blob.commit_block_list(blocks, **settings)

    def iterate_objects(self, prefix_uri: str, patience_seconds: float) -> Iterator[ListedObject]:
        """Yield the blobs by their names, but for those that stand for folders."""
        name, prefix = split_azure_uri(prefix_uri)
        listing = self._connect(name).client.list_blobs(prefix, "metadata", results_per_page=PAGE_BLOBS)
        pages: Any = listing.by_page()
        take = functools.partial(self._take_page, prefix_uri, pages)
        marker = None
        while (page := retry_storage(take, patience_seconds)) is not None:
            yield from (_list(f"az://{name}/{blob.name}", blob) for blob in page)
            if pages.continuation_token is not None and pages.continuation_token == marker:
                raise StorageRefused(prefix_uri, "its listing has no end: each page names itself as the next one")
            marker = pages.continuation_token

    def _take_page(self, prefix_uri: str, pages: Any) -> list[BlobProperties] | None:
        with self._explained(prefix_uri, _LIST):
            page = next(pages, None)
            return None if page is None else [blob for blob in page if not _is_folder(blob)]

    def delete(self, uri: str) -> None:
        """Delete the blob."""
        blob = self._find_blob(uri)
        try:
            with self._explained(uri, _DELETE):
                blob.delete_blob()
        except ObjectMissing as error:
            if isinstance(error, BucketMissing):
                raise

    def _find_blob(self, uri: str) -> BlobClient:
        container, name = split_azure_uri(uri)
        if not name:
            raise ObjectMissing(uri, "it is a container")
        return self._connect(container).client.get_blob_client(name)

    def _connect(self, container: str) -> Container:
        with self._connecting:
            if self._transport is None:
                self._transport = azure_client.open_transport(self._access.reach, self._authorities)
            if container not in self._containers:
                self._containers[container] = azure_client.connect(
                    self._access, self._keys, self._tokens, container, self._transport
                )
            return self._containers[container]

    @contextlib.contextmanager
    def _explained(self, uri: str, permission: str) -> Iterator[None]:
        """Turn what the library raises into storage errors that name the URI."""
        try:
            yield
        except HttpResponseError as error:
            opened = self._connect(split_azure_uri(uri)[0])
            headers = getattr(error.response, "headers", {})
            code = str(headers.get("x-ms-error-code", ""))
            said = error.message.partition("\n")[0].strip(" .")
            found = Refusal(code, error.status_code or 0, said, permission, opened.token, opened.has_key)
            raise azure_answers.explain_refusal(uri, found, datetime.now(UTC)) from error
        except StorageUnreachable as error:
            raise StorageUnreachable(uri, error.detail) from error
        except AddressForbidden as error:
            raise AddressForbidden(uri, f"its endpoint {error.uri}: {error.detail}") from error
        except (AzureError, OSError) as error:
            if disk.is_full(error):
                raise  # of the file that a blob is written to
            inner = getattr(error, "inner_exception", None) or error
            refusal = certificates.explain_refusal(inner)
            if refusal is not None:
                raise CertificateRefused(uri, refusal) from error
            raise StorageUnreachable(uri, _find_cause(inner)) from error


def split_azure_uri(uri: str) -> tuple[str, str]:
    """Return container and name of an `az://` URI; the name is taken literally, nothing is percent-decoded."""
    container, _, name = uri.removeprefix("az://").partition("/")
    if not _CONTAINER.fullmatch(container):
        raise StorageRefused(uri, "it is not an az://container/path address; the account is that of storage.endpoint")
    if {".", ".."} & set(re.split(r"[\\/]", name)):
        raise StorageRefused(uri, "the address is not valid: it leads out of its container")
    return container, name


def _describe(found: BlobProperties) -> ObjectInfo:
    return ObjectInfo(found.size, str(found.etag).strip('"'))


def _list(uri: str, found: BlobProperties) -> ListedObject:
    info = _describe(found)
    modified_at = found.last_modified.timestamp() if found.last_modified else 0.0
    return ListedObject(uri, info.size, info.etag, modified_at)


def _is_folder(blob: BlobProperties) -> bool:
    """Return whether a blob stands for a folder, as one of an account with a hierarchical namespace has it."""
    return (blob.metadata or {}).get("hdi_isfolder") == "true"


def _find_cause(error: Exception) -> str:
    """Return the innermost reason: the outer ones quote the whole address, with its token."""
    cause: Any = error
    while isinstance(inner := getattr(cause, "reason", None) or (cause.args[0] if cause.args else None), Exception):
        cause = inner
    return f"{type(cause).__name__}: {cause}"

"""Object storage: `s3://`, `https://` (read only) and `file:` URIs through one set of calls.

Owns the calls, which of them a run may make, and what each failure means.
Must not do: know what is stored. Every failure is a StorageError of `darkroom_trainer.runtime.errors`.
"""

import contextlib
import functools
import itertools
import pathlib
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore import exceptions

from darkroom_api.run_config import DatasetSource, StorageAccess
from darkroom_storage import (
    bodies,
    certificates,
    connections,
    credentials,
    disk,
    local_files,
    s3_client,
    tokens,
    web,
)
from darkroom_storage.errors import (
    AddressForbidden,
    BucketMissing,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    PreconditionFailed,
    StorageError,
    StorageRefused,
    StorageUnreachable,
    display_uri,
)
from darkroom_storage.patience import PATIENCE_SECONDS, retry_storage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = [
    "PATIENCE_SECONDS", "Fetched", "ObjectInfo", "Storage", "StorageError", "display_uri", "open_dataset",
    "open_storage", "retry_storage",
]  # fmt: skip

NO_LIMIT_BYTES: Final = 1 << 40
_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_CONFLICT: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


@dataclass(frozen=True)
class ObjectInfo:
    """Size in bytes and ETag (MD5 for a local file, the server's own elsewhere)."""

    size: int
    etag: str


@dataclass(frozen=True)
class Fetched:
    """An object's bytes together with what its storage says of it."""

    data: bytes
    info: ObjectInfo


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
        self._tokens = (*credentials.open_tokens(access, keys), *found)
        self._client: S3Client | None = None
        self._connecting = threading.Lock()

    @functools.cached_property
    def _context(self) -> ssl.SSLContext:
        """Return what https connections are checked by; making it reads every public authority."""
        return certificates.build_context(self._authorities)

    def read(self, uri: str, limit_bytes: int = NO_LIMIT_BYTES) -> Fetched:
        """Return bytes, size and ETag in one request; ObjectTooLarge above `limit_bytes`."""
        if uri.startswith("https://"):
            opened = tokens.add_token(uri, self._tokens)
            found = web.read_https(opened, reach=self.access.reach, limit_bytes=limit_bytes, context=self._context)
            return Fetched(found.data, ObjectInfo(len(found.data), found.etag))
        if self._is_local(uri):
            data = local_files.read_file(uri, limit_bytes)
            return Fetched(data, ObjectInfo(*local_files.hash_bytes(data)))
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            answer = self._s3().get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > limit_bytes:
                answer["Body"].close()
                raise ObjectTooLarge(uri, f"{answer['ContentLength']:,} bytes, at most {limit_bytes:,} are read")
            data = b"".join(bodies.read_body(uri, answer["Body"], answer["ContentLength"]))
        return Fetched(data, ObjectInfo(len(data), answer["ETag"].strip('"')))

    def read_bytes(self, uri: str) -> bytes:
        """Return the whole object."""
        return self.read(uri).data

    def fetch(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        """Write the object to `path`, whole or not at all, without holding it in memory (https: in memory)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        if uri.startswith("s3://"):
            info = self._stream(uri, part)
        else:
            fetched = self.read(uri)
            part.write_bytes(fetched.data)
            info = fetched.info
        part.replace(path)
        return info

    def _stream(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            answer = self._s3().get_object(Bucket=bucket, Key=key)
            with path.open("wb") as file:
                for chunk in bodies.read_body(uri, answer["Body"], answer["ContentLength"]):
                    file.write(chunk)
        return ObjectInfo(answer["ContentLength"], answer["ETag"].strip('"'))

    def stat(self, uri: str) -> ObjectInfo:
        """Return size and ETag."""
        if self._is_local(uri):
            return ObjectInfo(*local_files.hash_file(uri))
        if uri.startswith("https://"):
            return self.read(uri).info
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            answer = self._s3().head_object(Bucket=bucket, Key=key)
        return ObjectInfo(answer["ContentLength"], answer["ETag"].strip('"'))

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool = False, media_type: str | None = None) -> None:
        """Write the object; with `if_absent`, PreconditionFailed where it exists already.

        `media_type` is what a bucket says that it is; a file on a disk says nothing of it.
        """
        if self._is_local(uri):
            local_files.write_file(uri, data, if_absent=if_absent)
            return
        bucket, key = split_s3_uri(uri)
        extra: dict[str, Any] = {"IfNoneMatch": "*"} if if_absent else {}
        extra |= {"ContentType": media_type} if media_type else {}
        with _explained(uri):
            self._s3().put_object(Bucket=bucket, Key=key, Body=data, **extra)

    def upload(self, path: pathlib.Path, uri: str) -> None:
        """Write a file of at most 5 GiB (what one put takes) as an object, streamed."""
        if self._is_local(uri):
            local_files.copy_file(path, uri)
            return
        bucket, key = split_s3_uri(uri)
        with _explained(uri), path.open("rb") as file:
            self._s3().put_object(Bucket=bucket, Key=key, Body=file)

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
        if self._is_local(uri):
            local_files.replace_file(path, uri, etag)
            return
        bucket, key = split_s3_uri(uri)
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": f'"{etag}"'}
        with _explained(uri), path.open("rb") as file:
            self._s3().put_object(Bucket=bucket, Key=key, Body=file, **condition)

    def list_uris(self, prefix_uri: str) -> list[str]:
        """Return the URIs of all objects that begin with `prefix_uri`, sorted."""
        return sorted(self._iterate_uris(prefix_uri))

    def list_some(self, prefix_uri: str, most: int, seconds: float) -> list[str]:
        """Return, sorted, what is found within `seconds` of the URIs that `list_uris` would return, `most` at most."""
        ends_at = time.monotonic() + seconds
        found = itertools.islice(self._iterate_uris(prefix_uri), most)
        return sorted(itertools.takewhile(lambda _: time.monotonic() < ends_at, found))

    def _iterate_uris(self, prefix_uri: str) -> Iterator[str]:
        if self._is_local(prefix_uri):
            yield from local_files.iterate_files(prefix_uri)
            return
        bucket, prefix = split_s3_uri(prefix_uri)
        with _explained(prefix_uri):
            for page in self._s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (f"s3://{bucket}/{entry['Key']}" for entry in page.get("Contents", ()))

    def delete(self, uri: str) -> None:
        """Delete the object; nothing happens where there is none."""
        if self._is_local(uri):
            local_files.delete_file(uri)
            return
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            self._s3().delete_object(Bucket=bucket, Key=key)

    def _is_local(self, uri: str) -> bool:
        """Return whether `uri` is a local file; AddressForbidden unless this machine is its user's own."""
        if not uri.startswith("file:"):
            return False
        if not self.access.reach.own_machine:
            raise AddressForbidden(
                uri, "it is a file on one machine, which only `darkroom run` can read; use s3:// or https://"
            )
        return True

    def _s3(self) -> "S3Client":
        with self._connecting:
            if self._client is None:
                if self.access.endpoint is not None:
                    connections.check_endpoint(self.access.endpoint, self.access.reach)
                self._client = s3_client.connect(self.access, self._keys, self._authorities)
            return self._client


def split_s3_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` URI; the key is taken literally, nothing is percent-decoded."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise StorageRefused(uri, "it is not an s3://bucket/key address, and https:// can only be read")
    return bucket, key


def find_root(target: str) -> str:
    """Return the URI, without a final slash, of where to write: a local folder, or `s3://bucket/prefix`."""
    return target.rstrip("/") if target.startswith("s3://") else local_files.to_uri(pathlib.Path(target))


def join_uri(folder: str, *parts: str) -> str:
    """Return the URI of `parts` below the folder `folder`."""
    return "/".join([folder.rstrip("/"), *parts])


@contextlib.contextmanager
def _explained(uri: str) -> Iterator[None]:
    """Turn what boto3 raises into storage errors that name the URI."""
    try:
        yield
    except exceptions.ClientError as error:
        raise _explain_answer(uri, error) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise StorageRefused(uri, f"no usable credentials were found ({error})") from error
    except exceptions.ParamValidationError as error:
        raise StorageRefused(uri, f"the address is not valid ({error})") from error
    except (exceptions.BotoCoreError, OSError) as error:
        cause = error.kwargs.get("error") if isinstance(error, exceptions.HTTPClientError) else None
        if isinstance(cause, AddressForbidden):
            raise AddressForbidden(uri, f"its endpoint {cause.uri}: {cause.detail}") from error
        if disk.is_full(error):
            raise  # of the file that an object is written to
        refusal = certificates.explain_refusal(error)
        if refusal is not None:
            raise CertificateRefused(uri, refusal) from error
        raise StorageUnreachable(uri, f"{type(error).__name__}: {error}") from error


def _explain_answer(uri: str, error: exceptions.ClientError) -> StorageError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = str(error.response.get("Error", {}).get("Message", "")).strip()
    detail = f"{code} {said}".strip(" .") or f"status {status}"
    if code == "NoSuchBucket":
        return BucketMissing(uri, f"bucket {split_s3_uri(uri)[0]}")
    if code in _MISSING:
        return ObjectMissing(uri)
    if code in _CONFLICT:
        return PreconditionFailed(uri, detail)
    if status >= 500 or code in ("SlowDown", "RequestTimeout", "Throttling"):
        return StorageUnreachable(uri, detail)
    return StorageRefused(uri, f"{detail}; check the key, the permissions, the region and the bucket's name")

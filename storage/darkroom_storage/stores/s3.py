"""Buckets of S3 and of services that speak as it does.

Owns the calls and what each failure means. Must not do: choose credentials or hosts (`s3_client`).
"""

import contextlib
import functools
import pathlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from botocore import exceptions

from darkroom_api.run_config import StorageAccess
from darkroom_storage import bodies, certificates, connections, disk
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
)
from darkroom_storage.patience import retry_storage
from darkroom_storage.stores import s3_client
from darkroom_storage.stores.object_store import Fetched, ListedObject, ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

PAGE_OBJECTS: Final = 1000
"""The most that a page may hold."""
_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_CONFLICT: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


class S3Store:
    """`s3://` URIs."""

    def __init__(self, access: StorageAccess, keys: dict[str, str], authorities: str) -> None:
        self._access = access
        self._keys = keys
        self._authorities = authorities
        self._client: S3Client | None = None
        self._connecting = threading.Lock()

    def read(self, uri: str, limit_bytes: int) -> Fetched:
        """Return bytes, size and ETag in one request."""
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            answer = self.connect().get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > limit_bytes:
                answer["Body"].close()
                raise ObjectTooLarge(uri, f"{answer['ContentLength']:,} bytes, at most {limit_bytes:,} are read")
            data = b"".join(bodies.read_body(uri, answer["Body"], answer["ContentLength"]))
        return Fetched(data, ObjectInfo(len(data), answer["ETag"].strip('"')))

    def fetch(self, uri: str, path: pathlib.Path) -> ObjectInfo:
        """Write the object to `path` in parts."""
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            answer = self.connect().get_object(Bucket=bucket, Key=key)
            with path.open("wb") as file:
                for chunk in bodies.read_body(uri, answer["Body"], answer["ContentLength"]):
                    file.write(chunk)
        return ObjectInfo(answer["ContentLength"], answer["ETag"].strip('"'))

    def stat(self, uri: str) -> ObjectInfo:
        """Return size and ETag."""
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            answer = self.connect().head_object(Bucket=bucket, Key=key)
        return ObjectInfo(answer["ContentLength"], answer["ETag"].strip('"'))

    def find_size(self, uri: str) -> int:
        """Return the size in bytes."""
        return self.stat(uri).size

    def write_bytes(self, uri: str, data: bytes, *, if_absent: bool, media_type: str | None) -> None:
        """Write the object, which the bucket says to be of `media_type`."""
        bucket, key = split_s3_uri(uri)
        extra: dict[str, Any] = {"IfNoneMatch": "*"} if if_absent else {}
        extra |= {"ContentType": media_type} if media_type else {}
        with _explained(uri):
            self.connect().put_object(Bucket=bucket, Key=key, Body=data, **extra)

    def upload(self, path: pathlib.Path, uri: str) -> None:
        """Write a file of at most 5 GiB (what one put takes)."""
        self._put_file(path, uri, {})

    def replace(self, path: pathlib.Path, uri: str, etag: str | None) -> None:
        """Write a file, as `upload` does, over the object that has `etag`."""
        self._put_file(path, uri, {"IfNoneMatch": "*"} if etag is None else {"IfMatch": f'"{etag}"'})

    def _put_file(self, path: pathlib.Path, uri: str, condition: dict[str, Any]) -> None:
        bucket, key = split_s3_uri(uri)
        with _explained(uri), path.open("rb") as file:
            self.connect().put_object(Bucket=bucket, Key=key, Body=file, **condition)

    def iterate_objects(self, prefix_uri: str, patience_seconds: float) -> Iterator[ListedObject]:
        """Yield the objects by their keys."""
        bucket, prefix = split_s3_uri(prefix_uri)
        page: ListObjectsV2OutputTypeDef | None = None
        while page is None or page.get("IsTruncated"):
            more: dict[str, Any] = {"ContinuationToken": page["NextContinuationToken"]} if page else {}
            page = retry_storage(functools.partial(self._list_page, bucket, prefix, more), patience_seconds)
            if page.get("IsTruncated") and page.get("NextContinuationToken") in (None, more.get("ContinuationToken")):
                raise StorageRefused(prefix_uri, "its listing has no end: each page names itself as the next one")
            for entry in page.get("Contents", ()):
                yield _read_entry(bucket, entry)

    def _list_page(self, bucket: str, prefix: str, more: dict[str, Any]) -> "ListObjectsV2OutputTypeDef":
        with _explained(f"s3://{bucket}/{prefix}"):
            return self.connect().list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=PAGE_OBJECTS, **more)

    def delete(self, uri: str) -> None:
        """Delete the object."""
        bucket, key = split_s3_uri(uri)
        with _explained(uri):
            self.connect().delete_object(Bucket=bucket, Key=key)

    def connect(self) -> "S3Client":
        """Return the one client of this storage, made at the first call."""
        with self._connecting:
            if self._client is None:
                if self._access.endpoint is not None:
                    connections.check_endpoint(self._access.endpoint, self._access.reach)
                self._client = s3_client.connect(self._access, self._keys, self._authorities)
            return self._client


def split_s3_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` URI; the key is taken literally, nothing is percent-decoded."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise StorageRefused(uri, "it is not an s3://bucket/key address")
    return bucket, key


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


def _read_entry(bucket: str, entry: "ObjectTypeDef") -> ListedObject:
    """Return what a listing says of an object; not every server tells its ETag and its time."""
    modified, etag = entry.get("LastModified"), entry.get("ETag", "").strip('"')
    modified_at = modified.timestamp() if modified is not None else 0.0
    return ListedObject(f"s3://{bucket}/{entry['Key']}", entry["Size"], etag or None, modified_at)

"""The body of an object as it comes over the network: whole, in bounded time, or not at all.

Must not know any storage, or hold more than a part of the body.
"""

import http.client
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import urllib3
from urllib3.response import BaseHTTPResponse

from darkroom_storage.errors import ObjectTooLarge, StorageUnreachable

CHUNK_BYTES: Final = 1 << 20
SLOW_SECONDS: Final = 20.0
LEAST_BYTES_PER_SECOND: Final = 1024
"""A body that has had that long and comes more slowly than this is given up, to be asked for again."""


def read_body(uri: str, body: Any, length: int, clock: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """Yield the parts of botocore's StreamingBody `body`; StorageUnreachable where it stays short or hardly moves."""
    # Not its own `read`, which waits for a whole chunk: a body that trickles would hold it for hours.
    stream, received, began = body._raw_stream, 0, clock()
    try:
        while chunk := stream.read1(CHUNK_BYTES):
            yield chunk
            received += len(chunk)
            _check_pace(uri, received, length, clock() - began)
    except (urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
        raise StorageUnreachable(uri, f"{received:,} of {length:,} bytes came, then {type(error).__name__}") from error
    finally:
        body.close()
    if received != length:
        raise StorageUnreachable(uri, f"only {received:,} of {length:,} bytes came")


def iterate_body(
    uri: str, answer: BaseHTTPResponse, *, decode_content: bool, clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """Yield the parts of urllib3's `answer` as they come; StorageUnreachable where it ends early or hardly moves."""
    length = int(answer.headers.get("Content-Length", 0))
    received, began = 0, clock()
    try:
        while part := answer.read1(CHUNK_BYTES, decode_content=decode_content):
            yield part
            received += len(part)
            _check_pace(uri, received, length, clock() - began)
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        raise StorageUnreachable(uri, f"{received:,} of {length:,} bytes came, then {type(error).__name__}") from error


def read_limited(
    uri: str, answer: http.client.HTTPResponse, limit_bytes: int, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """Return the body of `answer`; ObjectTooLarge beyond the limit, StorageUnreachable where it hardly moves."""
    return b"".join(iterate_limited(uri, answer, limit_bytes, clock))


def iterate_limited(
    uri: str, answer: http.client.HTTPResponse, limit_bytes: int, clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """Yield the parts of the body of `answer`, with the errors of `read_limited`."""
    received, began = 0, clock()
    while part := answer.read1(min(CHUNK_BYTES, limit_bytes + 1 - received)):
        received += len(part)
        if received > limit_bytes:
            raise ObjectTooLarge(uri, f"more than {limit_bytes:,} bytes")
        yield part
        _check_pace(uri, received, limit_bytes, clock() - began)


def _check_pace(uri: str, received: int, length: int, seconds: float) -> None:
    if seconds > SLOW_SECONDS and received < length and received < seconds * LEAST_BYTES_PER_SECOND:
        raise StorageUnreachable(uri, f"only {received:,} of {length:,} bytes came in {seconds:.0f} s")

"""Reading https addresses that come from users' files, from hosts that the run may reach.

Must not do: follow redirects, use proxies (a proxy would resolve the name again), read plain http.
"""

import hashlib
import http.client
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from darkroom_api import names
from darkroom_api.endpoints import Origin, Reach
from darkroom_storage import bodies, certificates, connections, disk
from darkroom_storage.errors import (
    AddressForbidden,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    StorageRefused,
    StorageUnreachable,
)

CONNECT_TIMEOUT_SECONDS: Final = 10.0
HEADER_SECONDS: Final = 30.0
"""A server that takes longer than this for the head of its answer is given up."""
_QUERY_SAFE: Final = "/?%:@!$&'()*+,;=~-._"
_CLOSED: Final = (401, 403, 409)
"""What a server answers that wants a token; Azure's says 409 of a container without public access."""
_GIVE_TOKEN: Final = (
    f"put the URL of its container with a token into the key {names.SAS_KEY} of the Secret storage.credentialsSecret "
    f"(`darkroom run`: into the variable {names.SAS_KEY}), or give an address that holds its token"
)
_AGENT: Final = "darkroom-trainer"

Taken = TypeVar("Taken")


@dataclass(frozen=True)
class WebObject:
    """What an https address answered: its bytes, and an ETag (the server's, else a hash of the bytes)."""

    data: bytes
    etag: str


class _CheckedConnection(http.client.HTTPSConnection):
    """Connects to an address that was checked; the certificate is checked against the host's name."""

    def __init__(self, uri: str, origin: Origin, reach: Reach, context: ssl.SSLContext) -> None:
        super().__init__(origin.host, origin.port, timeout=CONNECT_TIMEOUT_SECONDS, context=context)
        self._target = (origin, reach, uri)
        self._tls = context

    def connect(self) -> None:
        plain = connections.connect(*self._target, lambda at: socket.create_connection(at, CONNECT_TIMEOUT_SECONDS))
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def read_https(uri: str, *, reach: Reach, limit_bytes: int, context: ssl.SSLContext | None = None) -> WebObject:
    """Return what `uri` holds.

    Raises ObjectMissing, StorageRefused, StorageUnreachable, AddressForbidden, ObjectTooLarge.
    """
    return ask_https(uri, lambda answer: _read_answer(uri, answer, limit_bytes), reach=reach, context=context)


def ask_https(
    uri: str,
    take: Callable[[http.client.HTTPResponse], Taken],
    *,
    reach: Reach,
    context: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
) -> Taken:
    """Return what `take` makes of the answer of `uri`, whatever its status; errors are those of `read_https`.

    `headers` are sent besides.
    """
    origin = connections.find_allowed(uri, reach, uri)
    connection = _CheckedConnection(uri, origin, reach, context or ssl.create_default_context())
    parts = urllib.parse.urlsplit(uri)
    try:
        target = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
            f"?{urllib.parse.quote(parts.query, safe=_QUERY_SAFE)}" if parts.query else ""
        )
        connection.request("GET", target, headers={"User-Agent": _AGENT, **(headers or {})})
        return take(_await_answer(connection))
    except UnicodeError as error:
        raise AddressForbidden(uri, f"{origin.host!r} is not a host's name") from error
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            raise ObjectMissing(uri, f"there is no host {origin.host}") from error
        raise StorageUnreachable(uri, f"the name {origin.host} cannot be resolved ({error})") from error
    except (OSError, http.client.HTTPException) as error:
        if disk.is_full(error):
            raise  # of the file that the body is written to
        refusal = certificates.explain_refusal(error)
        if refusal is not None:
            raise CertificateRefused(uri, refusal) from error
        raise StorageUnreachable(uri, f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _await_answer(connection: http.client.HTTPSConnection) -> http.client.HTTPResponse:
    """Return the answer's head; the timeout of a socket is for each byte, so a clock of its own ends a trickle."""
    sock = connection.sock
    watchdog = threading.Timer(HEADER_SECONDS, lambda: sock.shutdown(socket.SHUT_RDWR))
    watchdog.daemon = True
    watchdog.start()
    try:
        return connection.getresponse()
    finally:
        watchdog.cancel()


def _read_answer(uri: str, answer: http.client.HTTPResponse, limit_bytes: int) -> WebObject:
    check_status(uri, answer.status, answer.reason)
    data = receive(uri, answer, limit_bytes)
    etag = answer.getheader("ETag") or hashlib.sha256(data).hexdigest()
    return WebObject(data, etag.strip('"'))


def receive(uri: str, answer: http.client.HTTPResponse, limit_bytes: int) -> bytes:
    """Return the whole body of an answer; ObjectTooLarge beyond the limit, StorageUnreachable where it ends early."""
    length = answer.getheader("Content-Length")
    expected = int(length) if length is not None and length.isdecimal() and len(length) < 16 else None
    if expected is not None and expected > limit_bytes:
        raise ObjectTooLarge(uri, f"{expected:,} bytes, at most {limit_bytes:,} are read")
    data = bodies.read_limited(uri, answer, limit_bytes)
    if expected is not None and expected != len(data):
        raise StorageUnreachable(uri, f"only {len(data):,} of {expected:,} bytes came")
    return data


def check_status(uri: str, status: int, phrase: str) -> None:
    """Raise the storage error that a status other than 200 means."""
    said = f"the server answered {status} {phrase}"
    if status in (404, 410):
        raise ObjectMissing(uri, said)
    if 300 <= status < 400:
        raise AddressForbidden(uri, f"{said}; redirects are not followed, give the final address")
    if status == 429 or status >= 500:
        raise StorageUnreachable(uri, said)
    if status in _CLOSED and "?" not in uri:
        raise AddressForbidden(uri, f"{said}; it is not public: {_GIVE_TOKEN}")
    if status != 200:
        raise StorageRefused(uri, said)

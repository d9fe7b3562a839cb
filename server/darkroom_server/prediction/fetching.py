"""Images by an address that a caller gives: from public hosts, and from prefixes that the administrator allows.

Owns what may be fetched, and redirects. Addresses are hostile: the one that was checked is the one that is connected
to, again after each redirect, and no message tells what a name resolves to. Must not keep anything.
"""

import http.client
import posixpath
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from darkroom_api.endpoints import PORTS, EndpointProblem, Origin, Reach, find_origin, list_endpoints
from darkroom_api.run_config import StorageAccess
from darkroom_server.config import FetchLimits
from darkroom_server.prediction.failures import UrlUnfit
from darkroom_server.prediction.workers import Workers
from darkroom_storage import bodies, certificates, connections
from darkroom_storage.errors import AddressForbidden, ObjectTooLarge, StorageError

MAX_URL_LENGTH: Final = 8192
MAX_WAITING: Final = 64
RESOLVING_AT_ONCE: Final = 16
"""Names that are looked up. No resolver can be told to stop: one that hangs keeps its thread, and no other."""
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_HEADERS: Final = {"User-Agent": "darkroom-server", "Accept-Encoding": "identity", "Connection": "close"}
_PATH_SAFE: Final = "/%:@!$&'()*+,;=~-._"
_NOT_PUBLIC: Final = (
    "url: its host is not public; give an address of a public host, send the image itself, or have the administrator "
    "allow the address"
)


class Fetcher:
    """Fetches images, a few at a time. The authorities that the environment names are trusted, too."""

    def __init__(self, limits: FetchLimits, limit_bytes: int) -> None:
        self._limits = limits
        self._limit_bytes = limit_bytes
        self._workers = Workers(limits.at_once, MAX_WAITING, "fetch")
        self._resolving = ThreadPoolExecutor(RESOLVING_AT_ONCE, thread_name_prefix="resolve")
        self._context = certificates.build_context(certificates.read_authorities(StorageAccess()))

    async def fetch(self, caller: str, url: str, authorization: str | None = None) -> bytes:
        """Return what is at `url`; raises UrlUnfit, and TooBusy where too many wait.

        `authorization` is a header for the host of `url`, which no other host is shown after a redirect.
        """
        if len(url) > MAX_URL_LENGTH:
            raise UrlUnfit(f"url: it is longer than {MAX_URL_LENGTH:,} characters")
        return await self._workers.run(caller, lambda: self._follow(url, authorization))

    def _follow(self, url: str, authorization: str | None) -> bytes:
        ends_at = time.monotonic() + self._limits.seconds
        first = url
        for _ in range(self._limits.redirects + 1):
            shown = {"Authorization": authorization} if authorization and is_same_origin(url, first) else {}
            found = self._ask(url, ends_at, shown)
            if isinstance(found, bytes):
                return found
            url = found.url
        raise UrlUnfit(f"url: it was redirected more than {self._limits.redirects} times; give the final address")

    def _ask(self, url: str, ends_at: float, headers: Mapping[str, str]) -> "bytes | _Redirect":
        try:
            origin, reach = find_origin(url), self._find_reach(url)
            with _Deadline(ends_at) as deadline:
                looking_up = self._resolving.submit(connections.resolve, origin, reach, url)
                addresses = looking_up.result(deadline.find_left())
                connection = _open(origin, addresses, deadline, self._context)
                try:
                    connection.request("GET", _find_target(url), headers={**_HEADERS, **headers})
                    found = self._read(url, connection.getresponse())
                    deadline.find_left()  # an answer of unknown length that was cut off looks whole
                    return found
                finally:
                    connection.close()
        except EndpointProblem as problem:
            raise UrlUnfit("url: it is not the address of an image; give http://host/path or https://") from problem
        except AddressForbidden as problem:
            raise UrlUnfit(_NOT_PUBLIC) from problem
        except ObjectTooLarge as problem:
            raise UrlUnfit(f"url: the image is larger than {self._limit_bytes:,} bytes; make it smaller") from problem
        except (OSError, http.client.HTTPException, StorageError, ValueError) as error:
            raise UrlUnfit(f"url: it could not be fetched ({_describe(error, ends_at)}); is it right?") from error

    def _find_reach(self, url: str) -> Reach:
        """Return what may be reached for `url`: its own host, wherever it is, where an allowed prefix covers it."""
        if not any(is_below(url, prefix) for prefix in self._limits.allowed_prefixes):
            return Reach()
        return Reach(allowed_endpoints=list_endpoints([url]), own_machine=True)

    def _read(self, url: str, answer: http.client.HTTPResponse) -> "bytes | _Redirect":
        location = answer.getheader("Location")
        if answer.status in _REDIRECTS and location:
            return _Redirect(urllib.parse.urljoin(url, location))
        if answer.status != 200:
            raise UrlUnfit(f"url: the server there answered {answer.status}; give an address that anybody may read")
        length = answer.getheader("Content-Length", "")
        if length.isdecimal() and (len(length) > 15 or int(length) > self._limit_bytes):
            raise ObjectTooLarge(url)
        data = bodies.read_limited(url, answer, self._limit_bytes)
        if length.isdecimal() and len(data) != int(length):
            raise http.client.IncompleteRead(b"")
        return data


@dataclass(frozen=True)
class _Redirect:
    url: str


class _Deadline:
    """Ends a connection at a time: the timeout of a socket is for each byte, and a trickle never meets it."""

    def __init__(self, ends_at: float) -> None:
        self._ends_at = ends_at
        self._watched: socket.socket | None = None

    def find_left(self) -> float:
        """Return how many seconds are left; raises TimeoutError where none is."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def watch(self, opened: socket.socket) -> socket.socket:
        """Return `opened`, which is shut down at the end."""
        self._watched = opened
        return opened

    def __enter__(self) -> "_Deadline":
        """Start the clock."""
        self._timer = threading.Timer(self.find_left(), self._end)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._timer.cancel()

    def _end(self) -> None:
        if self._watched is not None:
            try:
                self._watched.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself


def _open(
    origin: Origin, addresses: Sequence[str], deadline: _Deadline, context: ssl.SSLContext
) -> http.client.HTTPConnection:
    """Return a connection to an address of the host, of those that may be reached."""
    opened = deadline.watch(
        connections.connect_any(
            origin, addresses, lambda address: socket.create_connection(address, deadline.find_left())
        )
    )
    if origin.scheme == "https":
        secured = context.wrap_socket(opened, server_hostname=origin.host, do_handshake_on_connect=False)
        deadline.watch(secured)
        secured.do_handshake()
        opened = secured
    connection = http.client.HTTPConnection(origin.host, origin.port)
    connection.default_port = PORTS[origin.scheme]
    connection.auto_open = 0  # it would resolve the name again
    connection.sock = opened
    return connection


def _find_target(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    path = urllib.parse.quote(parts.path or "/", safe=_PATH_SAFE)
    return path + (f"?{urllib.parse.quote(parts.query, safe=_PATH_SAFE + '?')}" if parts.query else "")


def is_below(url: str, prefix: str) -> bool:
    """Return whether `prefix` covers `url`: the same scheme, host and port, and a path that begins with its path."""
    try:
        if find_origin(url) != find_origin(prefix):
            return False
    except EndpointProblem:
        return False
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path or "/")
    # What a server may take for another folder is not below this one.
    is_plain = "\\" not in path and posixpath.normpath(path) == (path.rstrip("/") or "/")
    return is_plain and path.startswith(urllib.parse.unquote(urllib.parse.urlsplit(prefix).path))


def is_same_origin(url: str, other: str) -> bool:
    """Return whether two addresses have the same scheme, host and port."""
    try:
        return find_origin(url) == find_origin(other)
    except EndpointProblem:
        return False


def _describe(error: Exception, ends_at: float) -> str:
    if isinstance(error, TimeoutError) or time.monotonic() >= ends_at:
        return "it took too long"
    if isinstance(error, ssl.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return "the connection failed"

"""Reading https addresses that come from users' files: public hosts only, the checked address is the one connected to.

Must not do: follow redirects, use proxies (a proxy would resolve the name again), read plain http.
"""

import hashlib
import http.client
import ipaddress
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, TypeVar

from darkroom_trainer.runtime.errors import (
    AddressForbidden,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_trainer.storage import bodies, certificates, disk

CONNECT_TIMEOUT_SECONDS: Final = 10.0
HEADER_SECONDS: Final = 30.0
"""A server that takes longer than this for the head of its answer is given up."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that has been given out of IPv6 (RFC 4291): neither site-local nor IPv4-compatible addresses are in it."""
_INSIDE: Final = (ipaddress.IPv4Network("168.63.129.16/32"), ipaddress.IPv4Network("192.0.0.0/24"))
"""Public by their number to Python, and the inside of a cloud: Azure's and Oracle's services for their machines."""
_NOT_PUBLIC: Final = (
    "which is not a public address; use a bucket URI, or have the host added to the chart's trainer.allowedImageHosts"
)
_QUERY_SAFE: Final = "/?%:@!$&'()*+,;=~-._"
_AGENT: Final = "darkroom-trainer"

Taken = TypeVar("Taken")


@dataclass(frozen=True)
class WebObject:
    """What an https address answered: its bytes, and an ETag (the server's, else a hash of the bytes)."""

    data: bytes
    etag: str


class _PinnedConnection(http.client.HTTPSConnection):
    """Connects to the address that was checked; the certificate is still checked against the host name."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=CONNECT_TIMEOUT_SECONDS, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def read_https(
    uri: str, *, trusted_hosts: Collection[str], limit_bytes: int, context: ssl.SSLContext | None = None
) -> WebObject:
    """Return what `uri` holds.

    `trusted_hosts` (the storage endpoint's and those the administrator allows) may be at private addresses, no other.
    Raises ObjectMissing, StorageRefused, StorageUnreachable, AddressForbidden, ObjectTooLarge.
    """
    return ask_https(
        uri, lambda answer: _read_answer(uri, answer, limit_bytes), trusted_hosts=trusted_hosts, context=context
    )


def ask_https(
    uri: str,
    take: Callable[[http.client.HTTPResponse], Taken],
    *,
    trusted_hosts: Collection[str],
    context: ssl.SSLContext | None = None,
) -> Taken:
    """Return what `take` makes of the answer of `uri`, whatever its status; errors are those of `read_https`."""
    host, port = _find_place(uri)
    parts = urllib.parse.urlsplit(uri)
    address = resolve_public_address(uri, host, port, trusted_hosts)
    connection = _PinnedConnection(host, port, address, context or ssl.create_default_context())
    try:
        target = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
            f"?{urllib.parse.quote(parts.query, safe=_QUERY_SAFE)}" if parts.query else ""
        )
        connection.request("GET", target, headers={"User-Agent": _AGENT})
        return take(_await_answer(connection))
    except (OSError, http.client.HTTPException) as error:
        if disk.is_full(error):
            raise  # of the file that the body is written to
        refusal = certificates.explain_refusal(error)
        if refusal is not None:
            raise CertificateRefused(uri, refusal) from error
        raise StorageUnreachable(uri, f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _find_place(uri: str) -> tuple[str, int]:
    """Return host and port of `uri`; AddressForbidden where it has none that could be."""
    try:
        parts = urllib.parse.urlsplit(uri)
        host, port = parts.hostname, parts.port or 443
    except ValueError as error:
        raise AddressForbidden(uri, f"it is not a URL: {error}") from error
    if not host:
        raise AddressForbidden(uri, "it names no host")
    return host, port


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


def find_host(url: str) -> str | None:
    """Return the host that a URL names."""
    return urllib.parse.urlsplit(url).hostname


def resolve_public_address(uri: str, host: str, port: int, trusted_hosts: Collection[str]) -> str:
    """Return one address of `host`; every address it has must be public, unless `host` is a trusted one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise AddressForbidden(uri, f"{host!r} is not a host's name") from error
    except OSError as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
            raise ObjectMissing(uri, f"there is no host {host}") from error
        raise StorageUnreachable(uri, f"the name {host} cannot be resolved ({error})") from error
    addresses = [str(entry[4][0]) for entry in found]
    if host not in trusted_hosts:
        for address in addresses:
            if not is_public(address):
                raise AddressForbidden(uri, f"{host} is at {address}, {_NOT_PUBLIC}")
    return addresses[0]


def is_public(address: str) -> bool:
    """Return whether `address` is a global unicast address; IPv4 inside IPv6 counts as what it stands for."""
    parsed = ipaddress.ip_address(address.split("%", 1)[0])
    checked = _unwrap(parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed
    if isinstance(checked, ipaddress.IPv6Address) and checked not in _GLOBAL_UNICAST:
        return False
    return checked.is_global and not checked.is_multicast and not any(checked in network for network in _INSIDE)


def _unwrap(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that a mapped, 6to4 or NAT64 (RFC 6052) address leads to, else the address itself."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _read_answer(uri: str, answer: http.client.HTTPResponse, limit_bytes: int) -> WebObject:
    check_status(uri, answer.status, answer.reason)
    length = answer.getheader("Content-Length")
    expected = int(length) if length is not None and length.isdecimal() and len(length) < 16 else None
    if expected is not None and expected > limit_bytes:
        raise ObjectTooLarge(uri, f"{expected:,} bytes, at most {limit_bytes:,} are read")
    data = bodies.read_limited(uri, answer, limit_bytes)
    if expected is not None and expected != len(data):
        raise StorageUnreachable(uri, f"only {len(data):,} of {expected:,} bytes came")
    etag = answer.getheader("ETag") or hashlib.sha256(data).hexdigest()
    return WebObject(data, etag.strip('"'))


def check_status(uri: str, status: int, phrase: str) -> None:
    """Raise the storage error that a status other than 200 means."""
    said = f"the server answered {status} {phrase}"
    if status in (404, 410):
        raise ObjectMissing(uri, said)
    if 300 <= status < 400:
        raise AddressForbidden(uri, f"{said}; redirects are not followed, give the final address")
    if status == 429 or status >= 500:
        raise StorageUnreachable(uri, said)
    if status != 200:
        raise StorageRefused(uri, said)

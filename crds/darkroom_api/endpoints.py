"""Which addresses a run may reach: public https always, an administrator's endpoints besides, some never.

Owns these rules, for the text of an address (operator and trainer) and for what its name resolves to (trainer).
Must not do: resolve names or connect.
"""

import contextlib
import ipaddress
import re
import socket
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from darkroom_api.schema import Object

ENDPOINT_PATTERN: Final = r"^(https?://)?(\*\.)?([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$"
MAX_ENDPOINTS: Final = 50
"""They travel with every storage of a run configuration, which has to fit into an annotation."""

PORTS: Final = {"https": 443, "http": 80}
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that has been given out of IPv6 (RFC 4291): neither site-local nor IPv4-compatible addresses are in it."""
PLATFORM_NETWORKS: Final = ("168.63.129.16/32", "192.0.0.0/24", "100.100.100.200/32", "fd00:ec2::/32")
"""Services of a cloud for its machines that are not link-local: Azure's, Oracle's, Alibaba's, and those of AWS."""
FORBIDDEN_NETWORKS: Final = ("169.254.0.0/16", "fe80::/10", *PLATFORM_NETWORKS)
"""What no pod of ours may reach beyond its own machine, as networks."""
_PLATFORM: Final = tuple(ipaddress.ip_network(network) for network in PLATFORM_NETWORKS)
_THIS_NETWORK: Final = ipaddress.IPv4Network("0.0.0.0/8")
_API_SERVER_NAMES: Final = re.compile(r"kubernetes(\.default(\.svc(\..+)?)?)?")
_INSIDE_NAMES: Final = re.compile(r"[^.]+|.+\.(svc|cluster\.local|svc\..+)")
"""A name without a dot, or of a Service: no public address is behind it."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class EndpointProblem(ValueError):
    """An address that no run may reach; the text says why, and what to do."""


@dataclass(frozen=True)
class Origin:
    """Where a URL leads: scheme, host in small letters without brackets, and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return it as `allowedEndpoints` lists it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def check_entry(entry: str) -> str:
    """Return `entry`, which may be listed; EndpointProblem where it is no address, or one that no run may reach."""
    origin = _read_entry(entry)
    check_text(str(origin), Reach(allowed_endpoints=(entry,)))
    return entry


def _read_entry(entry: str) -> Origin:
    return find_origin(entry if "://" in entry else f"https://{entry}")


def _check_form(entry: str) -> str:
    _read_entry(entry)
    return entry


AllowedEndpoint = Annotated[str, Field(pattern=ENDPOINT_PATTERN, max_length=300), AfterValidator(_check_form)]


class Reach(Object):
    """What a run may reach beside public https. Nothing is the default, so that whoever forgets it opens nothing."""

    allowed_endpoints: Annotated[tuple[AllowedEndpoint, ...], Field(max_length=MAX_ENDPOINTS)] = Field(
        default=(), description="Hosts at private addresses or of plain http, as `https://host` or `http://host:port`."
    )
    own_machine: bool = Field(
        default=False,
        description="`darkroom run`: its user is the administrator. Local files and the user's own cloud identity may "
        "be used, and listed endpoints may be anywhere.",
    )

    def lists(self, origin: Origin) -> bool:
        """Return whether an entry permits `origin`."""
        return any(_matches(entry, origin) for entry in self.allowed_endpoints)


OWN_MACHINE: Final = Reach(own_machine=True)


def find_origin(url: str) -> Origin:
    """Return where `url` leads; EndpointProblem where it leads nowhere, or holds a user name or password."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise EndpointProblem(f"it is not a URL: {error}") from error
    if "@" in parts.netloc:
        raise EndpointProblem("it holds a user name or a password; remove them, and put credentials into a Secret")
    if not host or parts.scheme not in PORTS:
        raise EndpointProblem("it names no host")
    return Origin(parts.scheme, host.rstrip("."), PORTS[parts.scheme] if port is None else port)


def list_endpoints(urls: Iterable[str]) -> tuple[str, ...]:
    """Return an entry for the host of each URL; what is no URL of a host is left out."""
    found: dict[str, None] = {}
    for url in urls:
        with contextlib.suppress(EndpointProblem):
            entry = str(find_origin(url))
            found |= {entry: None} if re.fullmatch(ENDPOINT_PATTERN, entry) else {}
    return tuple(found)


def check_text(url: str, reach: Reach) -> Origin:
    """Return where `url` leads; EndpointProblem where its text alone shows that no run may go there."""
    origin = find_origin(url)
    listed, number = reach.lists(origin), _read_number(origin.host)
    if reach.own_machine and listed:
        return origin
    if _API_SERVER_NAMES.fullmatch(origin.host):
        raise _forbid(origin.host, "the cluster's API server")
    if origin.host == "localhost" or origin.host.endswith(".localhost"):
        raise _forbid(origin.host, "a loopback address")
    if number is not None:
        check_address(origin, str(number), reach)
    if not listed and origin.scheme == "http":
        raise EndpointProblem(f"it is plain http; use https, or {_permit(origin, reach)}")
    if not listed and number is None and _INSIDE_NAMES.fullmatch(origin.host):
        raise EndpointProblem(f"{origin.host} is no public host; use one, or {_permit(origin, reach)}")
    return origin


def check_address(origin: Origin, address: str, reach: Reach, api_server: str | None = None) -> None:
    """Raise EndpointProblem where `address`, to which the host of `origin` resolves, may not be reached.

    `api_server` is the address of the cluster's API server, where it is known.
    """
    listed = reach.lists(origin)
    if reach.own_machine and listed:
        return
    found = _unwrap(ipaddress.ip_address(address.split("%", 1)[0]))
    shown = origin.host if ":" in origin.host or origin.host == address else f"{origin.host} ({address})"
    forbidden = "the cluster's API server" if str(found) == api_server else _find_forbidden(found)
    if forbidden is not None:
        raise _forbid(shown, forbidden)
    if not listed and not is_public(address):
        raise EndpointProblem(f"{shown} is not a public address; use one, or {_permit(origin, reach)}")


def is_public(address: str) -> bool:
    """Return whether `address` is a global unicast address; IPv4 inside IPv6 counts as what it stands for."""
    found = _unwrap(ipaddress.ip_address(address.split("%", 1)[0]))
    if isinstance(found, ipaddress.IPv6Address) and found not in _GLOBAL_UNICAST:
        return False
    return found.is_global and not found.is_multicast and _find_forbidden(found) is None


def _find_forbidden(address: Address) -> str | None:
    """Return what kind of address it is, where no run may reach it, whatever is listed."""
    if address.is_unspecified or address in _THIS_NETWORK:
        return "no address of a host"
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    return "the cloud platform's own address" if any(address in network for network in _PLATFORM) else None


def _forbid(shown: str, what: str) -> EndpointProblem:
    return EndpointProblem(f"{shown} is {what}, which no run may reach; use another host")


def _permit(origin: Origin, reach: Reach) -> str:
    if reach.own_machine:
        return f"set storage.endpoint of the Dataset to {origin}"
    return f"ask the administrator to add {origin} to allowedEndpoints"


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address that a mapped, 6to4 or NAT64 (RFC 6052) address leads to, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _read_number(host: str) -> Address | None:
    """Return the address that `host` writes out, in any form that resolvers take (`127.1`, `0x7f000001`)."""
    try:
        return ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _matches(entry: str, origin: Origin) -> bool:
    listed = _read_entry(entry)
    if (listed.scheme, listed.port) != (origin.scheme, origin.port):
        return False
    if listed.host.startswith("*."):
        return origin.host.endswith(listed.host[1:])
    return listed.host == origin.host or _is_same_number(listed.host, origin.host)


def _is_same_number(listed: str, host: str) -> bool:
    number = _read_number(listed)
    return number is not None and number == _read_number(host)

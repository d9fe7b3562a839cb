"""Sockets to hosts that a run may reach: the address that was checked is the one that is connected to.

Owns resolving, so that a name that changes its address between check and use leads nowhere else. Must not do: decide
what may be reached (`darkroom_api.endpoints`), or speak any protocol.
"""

import os
import socket
from collections.abc import Callable, Sequence
from typing import Final

from darkroom_api.endpoints import EndpointProblem, Origin, Reach, check_address, check_text, find_origin
from darkroom_storage.errors import AddressForbidden

API_SERVER_VARIABLE: Final = "KUBERNETES_SERVICE_HOST"
"""Where Kubernetes tells every container the address of its API server."""


def find_allowed(url: str, reach: Reach, uri: str) -> Origin:
    """Return where `url` leads; AddressForbidden about `uri` where its text shows that no run may go there."""
    try:
        return check_text(url, reach)
    except EndpointProblem as problem:
        raise AddressForbidden(uri, str(problem)) from problem


def check_endpoint(endpoint: str, reach: Reach) -> None:
    """Raise AddressForbidden where the text of a bucket's endpoint shows that it may not be used."""
    try:
        find_origin(endpoint) if reach.own_machine else check_text(endpoint, reach)
    except EndpointProblem as problem:
        raise AddressForbidden(endpoint, str(problem)) from problem


def resolve(origin: Origin, reach: Reach, uri: str) -> list[str]:
    """Return the addresses of a host; AddressForbidden about `uri` unless each may be reached, OSError without one."""
    found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    try:
        for address in addresses:
            check_address(origin, address, reach, os.environ.get(API_SERVER_VARIABLE))
    except EndpointProblem as problem:
        raise AddressForbidden(uri, str(problem)) from problem
    return addresses


def connect(
    origin: Origin, reach: Reach, uri: str, open_socket: Callable[[tuple[str, int]], socket.socket]
) -> socket.socket:
    """Return a socket to the first address of a host that answers, with the errors of `resolve`."""
    return connect_any(origin, resolve(origin, reach, uri), open_socket)


def connect_any(
    origin: Origin, addresses: Sequence[str], open_socket: Callable[[tuple[str, int]], socket.socket]
) -> socket.socket:
    """Return a socket to the first of the addresses that `resolve` has returned that answers; OSError without one."""
    failure = OSError(f"{origin.host} has no address")
    for address in addresses:
        try:
            return open_socket((address, origin.port))
        except OSError as error:
            failure = error
    raise failure

"""Pools of connections for the HTTP libraries that speak to buckets, each to an address that was checked.

Owns the socket that urllib3 opens. Must not do: decide what may be reached, or speak any protocol.
"""

import socket
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

from darkroom_api.endpoints import Origin, Reach
from darkroom_storage import connections


def pin(
    manager: PoolManager,
    reach: Reach,
    plain: type[HTTPConnectionPool] = HTTPConnectionPool,
    encrypted: type[HTTPSConnectionPool] = HTTPSConnectionPool,
) -> None:
    """Let every connection of `manager`, wherever an answer leads it, check the address that it connects to.

    `plain` and `encrypted` are the pools that it made before: urllib3 has no setting for the socket of a connection.
    """
    manager.pool_classes_by_scheme = {
        "http": _check_connections(plain, "http", reach),
        "https": _check_connections(encrypted, "https", reach),
    }


def _check_connections(pool: Any, scheme: str, reach: Reach) -> Any:
    def open_checked(connection: HTTPConnection) -> socket.socket:
        return _open_checked(connection, scheme, reach)

    connection = type(f"Checked{pool.ConnectionCls.__name__}", (pool.ConnectionCls,), {"_new_conn": open_checked})
    return type(f"Checked{pool.__name__}", (pool,), {"ConnectionCls": connection})


def _open_checked(connection: HTTPConnection, scheme: str, reach: Reach) -> socket.socket:
    origin = Origin(scheme, connection.host.strip("[]").lower(), connection.port or 0)
    try:
        return connections.connect(
            origin,
            reach,
            str(origin),
            lambda address: create_connection(
                address, connection.timeout, connection.source_address, connection.socket_options
            ),
        )
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"{origin} does not answer") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error

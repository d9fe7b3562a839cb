"""Ports of this machine for servers that tests and benchmarks start."""

import random
import socket
from typing import Final

PORTS: Final = range(20_000, 30_000)
"""Below the ports that Linux gives to outgoing connections (32768 on) and those of NodePorts (30000 on).

A port of theirs, free when it is looked for, may be a connection's a moment later, before the server listens on it.
"""


def find_free_port() -> int:
    """Return a port that nobody listens on now, and that no connection takes before a server does.

    Raises:
        OSError: No port of the range is free.
    """
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            # As servers do: what only waits for late packets of a former connection is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    message = f"no port from {PORTS.start} to {PORTS.stop - 1} is free"
    raise OSError(message)

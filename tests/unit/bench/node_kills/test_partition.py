"""A forwarder that is held: silent, not closed, and nothing is lost that comes through later."""

import socket

import pytest

from bench.clusters.ports import find_free_port
from bench.node_kills.partition import forwarding


def test_held_it_is_silent_and_released_it_passes_everything_on() -> None:
    port = find_free_port()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        forwarding(port, server.getsockname()[1]) as forwarder,
        socket.create_connection(("127.0.0.1", port), timeout=10) as near,
        server.accept()[0] as far,
    ):
        near.sendall(b"first")
        assert far.recv(5) == b"first"
        forwarder.hold()
        near.sendall(b"second")
        far.sendall(b"answer")
        for end in (near, far):
            end.settimeout(0.2)
            with pytest.raises(TimeoutError):
                end.recv(1)
            end.settimeout(10)
        forwarder.release()
        assert (far.recv(6), near.recv(6)) == (b"second", b"answer")
        near.close()
        assert far.recv(1) == b""

"""A door with TLS before the cluster's S3 server, whose certificate no public authority gave.

Owns its sockets; what passes is not looked at.
"""

import contextlib
import pathlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from typing import Final

from hack.localcluster.state import NODE_ADDRESS, S3_ADDRESS, S3_PORT
from tests.certificate import make_certificate

PART_BYTES: Final = 1 << 16


class _Door(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _Passage(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.create_connection((S3_ADDRESS, S3_PORT)) as inside:
            threading.Thread(target=_pass_on, args=(inside, self.request), daemon=True).start()
            _pass_on(self.request, inside)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(PART_BYTES):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def open_door(folder: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Yield the address of the door as pods see it, and its certificate, which is its own authority."""
    key, certificate = make_certificate(NODE_ADDRESS)
    (folder / "door.pem").write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "door.pem")
    with _Door((NODE_ADDRESS, 0), _Passage) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://{NODE_ADDRESS}:{server.server_address[1]}", certificate.decode()
        server.shutdown()

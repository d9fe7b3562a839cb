"""A folder behind https that wants a token for each file, as a private container of a cloud does."""

import contextlib
import http.server
import pathlib
import ssl
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

NOT_PUBLIC = "Public access is not permitted on this storage account."


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, signature: str, *fields: Any, directory: str) -> None:
        self._signature = signature
        super().__init__(*fields, directory=directory)

    def do_GET(self) -> None:
        if self._signature not in urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("sig", []):
            self.send_error(409, NOT_PUBLIC)
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serve_container(
    folder: pathlib.Path, certificate: pathlib.Path, signature: str, address: str = "127.0.0.1"
) -> Iterator[int]:
    """Serve the folder at `address` with a key and certificate as PEM; yield the port."""
    server = http.server.ThreadingHTTPServer(
        (address, 0), lambda *fields: _Handler(signature, *fields, directory=str(folder))
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()

"""A hub of weights on this machine, over https."""

import contextlib
import hashlib
import http.server
import pathlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.certificate import HOST


@dataclass
class FakeHub:
    """A hub: what it answers by path, and what it was asked."""

    url: str
    context: ssl.SSLContext
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def offer(self, repository: str, data: bytes, **headers: str) -> None:
        """Answer for a repository's weights by a redirect to another path, as hubs do."""
        first = f"/{repository}/resolve/main/model.safetensors"
        said = {"X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"', **headers}
        self.answers[first] = (302, b"", {"Location": "/objects/1?signature=a", **said})
        self.answers["/objects/1?signature=a"] = (200, data, {})


@contextlib.contextmanager
def serve_hub(certificate: pathlib.Path) -> Iterator[FakeHub]:
    """Run a hub on a free port with this certificate and key."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append(self.path)
            status, body, headers = fake.answers.get(self.path, (404, b"", {}))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    fake = FakeHub(f"https://{HOST}:{server.server_address[1]}", ssl.create_default_context(cafile=certificate))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()

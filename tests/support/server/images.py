"""A host of images on this machine, whose answers may be as bad as wanted."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Handler = http.server.BaseHTTPRequestHandler
Content = bytes | Callable[[Handler], None]


@dataclass
class ImageHost:
    """Where it is, and which paths it was asked for."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def serving_images(content: Mapping[str, Content]) -> Iterator[ImageHost]:
    """Serve each path's bytes, or let it answer by itself; 404 for all others."""

    class _Handler(Handler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            found = content.get(self.path.partition("?")[0])
            if callable(found):
                found(self)
                return
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    host = ImageHost(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()

"""A server on this machine that answers Custom Vision's training routes from JSON, and its images by links that expire.

Speaks https, as the service does. Must not know what reads it.
"""

import http.server
import json
import pathlib
import ssl
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.certificate import HOST
from tests.unit.migrate.recorded_projects import KEY, Json

VERSIONS = ("v3.3", "v3.4-preview")


@dataclass
class Reply:
    """What is answered in the place of the ordinary answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class TrainingServer:
    """One project. `faults` are answered first, by the end of the address; `edit` changes an answer before it is sent.

    `expire_after`: every link is refused once so many images were given, until the list is read again.
    """

    recorded: Json
    pictures: dict[str, bytes]
    faults: dict[str, list[Reply]] = field(default_factory=dict)
    edit: Callable[[str, Any], Any] = lambda _path, value: value
    counted: int | None = None
    expire_after: int | None = None
    image_host: str | None = None
    before_image: Callable[[], object] = lambda: None
    on_image: Callable[[int], None] = lambda _given: None
    base: str = ""
    asked: list[str] = field(default_factory=list)
    given: Counter[str] = field(default_factory=Counter)
    generation: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def signature(self) -> str:
        """Return the signature that links have now."""
        return f"S3cr3t/{self.generation}+signature=="

    def answer(self, address: str, key: str | None) -> Reply:
        """Return the answer to a request."""
        parts = urllib.parse.urlsplit(address)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if parts.path.startswith("/blobs/"):
            self.before_image()
        with self.lock:
            self.asked.append(address.partition("sig=")[0])
            for end, replies in self.faults.items():
                if parts.path.endswith(end) and replies:
                    return replies.pop(0)
            if parts.path.startswith("/blobs/"):
                return self._give_image(parts.path.removeprefix("/blobs/"), query)
        prefix = next((f"/customvision/{version}/training" for version in VERSIONS if f"/{version}/" in address), "-")
        if not parts.path.startswith(prefix):
            return _refuse(404, "NotFound", "Resource not found")
        if key != KEY:
            return Reply(401, json.dumps({"error": {"code": "401", "message": "Access denied"}}).encode())
        path = parts.path.removeprefix(prefix)
        found = self._find(path, query)
        return (
            _refuse(404, "BadRequestNotFound", "no such thing") if found is None else _to_json(self.edit(path, found))
        )

    def _find(self, path: str, query: dict[str, str]) -> Any:
        project = f"/projects/{self.recorded['project']['id']}"
        images = [self._sign(image) for image in self.recorded["images"]]
        newest = query.get("orderBy") != "Oldest"
        ordered = sorted(images, key=lambda image: str(image.get("created")), reverse=newest)
        skip, take = int(query.get("skip", 0)), min(int(query.get("take", 50)), 256)
        tagged = [image for image in images if image.get("tags") or image.get("regions")]
        newest_iteration = self.recorded["iterations"][1]["id"]
        routes = {
            "/projects": [self.recorded["project"]],
            project: self.recorded["project"],
            f"/domains/{self.recorded['domain']['id']}": self.recorded["domain"],
            f"{project}/tags": self.recorded["tags"],
            f"{project}/images": ordered[skip : skip + take],
            f"{project}/images/count": len(images) if self.counted is None else self.counted,
            f"{project}/images/tagged/count": len(tagged),
            f"{project}/images/untagged/count": len(images) - len(tagged),
            f"{project}/iterations": self.recorded["iterations"],
            f"{project}/iterations/{newest_iteration}/performance": self.recorded["performance"],
        }
        return routes.get(path)

    def _sign(self, image: Json) -> Json:
        token = urllib.parse.urlencode({"sv": "2023-01-03", "se": "2024-05-09T10:00:00Z", "sig": self.signature})
        address = f"{self.image_host or self.base}/blobs/{image['id']}"
        sizes = {"originalImageUri": "", "resizedImageUri": "-small", "thumbnailUri": "-thumb"}
        return {**{name: f"{address}{end}?{token}" for name, end in sizes.items()}, **image}

    def _give_image(self, number: str, query: dict[str, str]) -> Reply:
        if query.get("sig") != self.signature or number not in self.pictures:
            return Reply(403, b"<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code></Error>")
        self.given[number] += 1
        if self.expire_after is not None and self.given.total() >= self.expire_after:
            self.generation, self.expire_after = self.generation + 1, None
        self.on_image(self.given.total())
        return Reply(200, self.pictures[number], {"Content-Type": "application/octet-stream"})


def _to_json(value: Any) -> Reply:
    return value if isinstance(value, Reply) else Reply(200, json.dumps(value).encode())


def _refuse(status: int, code: str, message: str) -> Reply:
    return Reply(status, json.dumps({"code": code, "message": message}).encode())


def start(server: TrainingServer, certificate: pathlib.Path) -> http.server.ThreadingHTTPServer:
    """Serve on a port of this machine, which `server.base` says then."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = server.answer(self.path, self.headers.get("Training-Key"))
            self.send_response(reply.status)
            headers = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(reply.body))}
            for name, value in {**headers, **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
    server.base = f"https://{HOST}:{listener.server_address[1]}"
    return listener

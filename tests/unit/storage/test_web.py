"""https addresses from strangers: which hosts are reached, and how answers are taken."""

import http.server
import pathlib
import ssl
import threading
from collections.abc import Iterator

import pytest

from darkroom_api.endpoints import OWN_MACHINE, Reach, list_endpoints
from darkroom_storage.errors import (
    AddressForbidden,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.web import WebObject, read_https
from tests.certificate import HOST, write_certificate
from tests.local_storage import a_listing


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/a%20b.png" and query == "sig=1":
            self.answer(200, b"image", {"ETag": '"tag"'})
        elif path == "/short":
            self.answer(200, b"half", {"Content-Length": "40"})
        elif path == "/redirect":
            self.answer(302, b"", {"Location": "https://169.254.169.254/"})
        else:
            self.answer(int(path.removeprefix("/")), b"", {})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    write_certificate(path)
    return path


@pytest.fixture(scope="module")
def base(certificate: pathlib.Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://{HOST}:{server.server_address[1]}"
    server.shutdown()


def read(uri: str, certificate: pathlib.Path, reach: Reach | None = None, limit: int = 100) -> WebObject:
    reach = reach or a_listing(*list_endpoints([uri]))
    return read_https(uri, reach=reach, limit_bytes=limit, context=ssl.create_default_context(cafile=certificate))


def test_on_its_users_machine_a_listed_host_may_be_private(base: str, certificate: pathlib.Path) -> None:
    assert read(f"{base}/a%20b.png?sig=1", certificate) == WebObject(b"image", "tag")


def test_a_private_host_is_refused_before_anything_is_sent(base: str, certificate: pathlib.Path) -> None:
    for reach in (Reach(), OWN_MACHINE, a_listing(base, own_machine=False)):
        with pytest.raises(AddressForbidden, match=r"localhost is a loopback address"):
            read(f"{base}/a%20b.png?sig=1", certificate, reach)


def test_a_private_container_says_where_its_token_goes(base: str, certificate: pathlib.Path) -> None:
    for status in (401, 403, 409):
        with pytest.raises(AddressForbidden, match=rf"{status} .*into the key SAS_URL of the Secret"):
            read(f"{base}/{status}", certificate)


def test_the_token_of_an_address_is_in_no_message(base: str, certificate: pathlib.Path) -> None:
    with pytest.raises(StorageRefused, match="403") as error:
        read(f"{base}/403?sv=1&sig=hidden", certificate)
    assert "hidden" not in str(error.value)
    with pytest.raises(AddressForbidden, match="a user name or a password") as refused:
        read(base.replace("https://", "https://me:hidden@") + "/404", certificate)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [
        pytest.param("/404", ObjectMissing, "404", id="not found"),
        pytest.param("/403?sig=2", StorageRefused, "403", id="forbidden, though it has a token"),
        pytest.param("/503", StorageUnreachable, "503", id="in trouble"),
        pytest.param("/429", StorageUnreachable, "429", id="too many requests"),
        pytest.param(
            "/redirect", AddressForbidden, "redirects are not followed", id="a redirect to a metadata service"
        ),
        pytest.param("/short", StorageUnreachable, "only 4 of 40 bytes", id="half of the body"),
    ],
)
def test_answers_are_sorted(
    path: str, kind: type[StorageError], says: str, base: str, certificate: pathlib.Path
) -> None:
    with pytest.raises(kind, match=says):
        read(base + path, certificate)


def test_a_body_above_the_limit_is_refused(base: str, certificate: pathlib.Path) -> None:
    with pytest.raises(ObjectTooLarge):
        read(f"{base}/a%20b.png?sig=1", certificate, limit=4)


def test_a_certificate_that_nobody_trusts_is_refused(base: str) -> None:
    with pytest.raises(CertificateRefused, match="not trusted: self-signed certificate; give its authority as"):
        read_https(f"{base}/a", reach=a_listing(base), limit_bytes=10)

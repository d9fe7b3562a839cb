"""Servers whose certificate no public authority gave: who is trusted, and what is said of the others."""

import http.server
import pathlib
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import CertificateRefused, StorageMisconfigured
from darkroom_storage.objects import Storage, open_storage
from darkroom_trainer.runtime.storage_failures import explain_storage_error
from tests.certificate import HOST, make_certificate
from tests.local_storage import a_listing

VARIABLE = "AWS_CA_BUNDLE"
UNKNOWN = "self-signed certificate; give its authority as key ca.crt of the Secret with the bucket's credentials"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": "5", "ETag": '"tag"'}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"image")

    def log_message(self, *_: object) -> None:
        pass


def serve(folder: pathlib.Path, host: str = HOST, days: int = 1) -> Iterator[tuple[str, str]]:
    """Yield the address of a server and the certificate that it shows."""
    key, certificate = make_certificate(host, days)
    (folder / "both.pem").write_bytes(key + certificate)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://{HOST}:{server.server_address[1]}", certificate.decode()
    server.shutdown()


def an_access(endpoint: str, **fields: Any) -> StorageAccess:
    """Return how a bucket of this machine is reached."""
    return StorageAccess(endpoint=endpoint, reach=a_listing(endpoint), **fields)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    yield from serve(tmp_path_factory.mktemp("ours"))


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def a_secret(folder: pathlib.Path, **more: str) -> pathlib.Path:
    """Write a mounted Secret."""
    secret = folder / "dataset"
    secret.mkdir()
    for key, value in {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", **more}.items():
        (secret / key).write_text(value)
    return secret


def read_both(storage: Storage, endpoint: str) -> list[bytes]:
    """Read an object through S3, and an image of the same server."""
    return [storage.read_bytes(uri) for uri in ("s3://vision/a.png", f"{endpoint}/a.png")]


def test_the_authority_in_a_buckets_secret_is_trusted_by_s3_and_https(
    ours: tuple[str, str], tmp_path: pathlib.Path
) -> None:
    secret = a_secret(tmp_path, **{"ca.crt": f"# caf\u00e9\n{ours[1]}"})
    storage = open_storage(an_access(ours[0], credentials_dir=str(secret)))
    assert read_both(storage, ours[0]) == [b"image", b"image"]


def test_the_authority_that_the_environment_names_is_trusted_by_s3_and_https(
    ours: tuple[str, str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours.pem").write_text(ours[1])
    monkeypatch.setenv(VARIABLE, str(tmp_path / "ours.pem"))
    assert read_both(open_storage(an_access(ours[0])), ours[0]) == [
        b"image",
        b"image",
    ]


@pytest.mark.parametrize("scheme", ["s3", "https"])
def test_an_authority_that_nobody_named_is_refused_with_the_places_to_name_it(
    scheme: str, ours: tuple[str, str], tmp_path: pathlib.Path
) -> None:
    another = make_certificate()[1].decode()
    storage = open_storage(an_access(ours[0], credentials_dir=str(a_secret(tmp_path, **{"ca.crt": another}))))
    uri = "s3://vision/a.png" if scheme == "s3" else f"{ours[0]}/a.png"
    with pytest.raises(CertificateRefused, match=UNKNOWN) as refused:
        storage.read_bytes(uri)
    for is_output in (False, True):
        end = explain_storage_error(refused.value, storage.access, is_output=is_output)
        assert end.reason is Reason.INVALID_CONFIGURATION
        assert all(place in end.message for place in (ours[0], "trainer.certificateAuthorities", VARIABLE))


@pytest.mark.parametrize(
    ("host", "days", "says"),
    [
        pytest.param(
            "another.test",
            1,
            r"doesn't match 'another\.test'; have .* or use the name that it is for",
            id="for another name",
        ),
        pytest.param(HOST, -1, r"certificate has expired; have the server's certificate renewed", id="expired"),
    ],
)
def test_a_certificate_of_a_known_authority_that_is_not_good_is_told_so(
    host: str, days: int, says: str, tmp_path: pathlib.Path
) -> None:
    servers = serve(tmp_path, host, days)
    endpoint, certificate = next(servers)
    secret = a_secret(tmp_path, **{"ca.crt": certificate})
    with pytest.raises(CertificateRefused, match=says):
        open_storage(an_access(endpoint, credentials_dir=str(secret))).read_bytes("s3://vision/a.png")
    next(servers, None)


def test_a_key_that_holds_no_certificate_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(
        StorageMisconfigured, match=r"key ca\.crt of the Secret: is not a list of certificates in PEM"
    ) as error:
        open_storage(StorageAccess(credentials_dir=str(a_secret(tmp_path, **{"ca.crt": "none"}))))
    assert "storage.credentialsSecret of the Dataset" in str(error.value)


@pytest.mark.parametrize("content", [None, "none"], ids=["no file", "no certificate"])
def test_a_file_of_the_environment_that_holds_no_certificate_is_named(
    content: str | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ours.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(StorageMisconfigured, match=f"{VARIABLE}={path}: is not a list of certificates"):
        open_storage(StorageAccess())

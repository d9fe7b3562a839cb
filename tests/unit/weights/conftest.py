"""Weights of timm's smallest networks, and an S3 bucket (moto) and a hub (https on this machine) to put them in."""

import hashlib
import http.server
import pathlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import safetensors.torch
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.server import ThreadedMotoServer

from darkroom_api.run_config import Location, StorageAccess
from darkroom_trainer.storage.objects import Storage, open_storage
from darkroom_trainer.tasks import backbones

HOST = "localhost"
Pack = Callable[[str], bytes]


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """Return what gives the bytes of a network's weights as a safetensors file."""
    made: dict[str, bytes] = {}

    def make(name: str) -> bytes:
        if name not in made:
            path = tmp_path_factory.mktemp("packed") / "model.safetensors"
            model, _ = backbones.build_embedder(name, image_size_px=backbones.read_facts(name).native_size_px)
            safetensors.torch.save_file(model.state_dict(), path)
            made[name] = path.read_bytes()
        return made[name]

    return make


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> tuple[Location, Storage]:
    """Return a folder of a bucket of this test's own, and the storage to put files into it."""
    for key, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(Bucket="backbones")
    access = StorageAccess(endpoint=s3_endpoint, region="us-east-1")
    return Location(uri=f"s3://backbones/{tmp_path.name}", storage=access), open_storage(access)


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


@pytest.fixture
def hub(certificate: pathlib.Path) -> Iterator[FakeHub]:
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
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path

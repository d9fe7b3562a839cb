"""Weights of timm's smallest networks, and an S3 bucket (moto) and a hub (https on this machine) to put them in."""

import logging
import pathlib
from collections.abc import Iterator

import boto3
import pytest
import safetensors.torch
from moto.server import ThreadedMotoServer

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import Location, StorageAccess
from darkroom_storage.objects import Storage, open_storage
from darkroom_trainer.networks import backbones
from tests import certificate as certificates
from tests.unit.trainer.weights import fake_hub, places


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> places.Pack:
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
    access = StorageAccess(endpoint=s3_endpoint, region="us-east-1", reach=OWN_MACHINE)
    return Location(uri=f"s3://backbones/{tmp_path.name}", storage=access), open_storage(access)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    certificates.write_certificate(path)
    return path


@pytest.fixture
def hub(certificate: pathlib.Path) -> Iterator[fake_hub.FakeHub]:
    with fake_hub.serve_hub(certificate) as hub:
        yield hub


@pytest.fixture
def mounted(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "mounted"


@pytest.fixture(autouse=True)
def _warnings_are_caught(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

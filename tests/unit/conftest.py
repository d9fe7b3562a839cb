"""An S3 server in this process (moto) with one bucket, and Azurite with one container.

Imports them and the storage where they are used: the tests of pure code do not wait for them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess

if TYPE_CHECKING:
    from darkroom_storage.objects import Storage
    from tests.support.storage.azurite import Azurite

BUCKET = "vision"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        _set_credentials(patch)
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=BUCKET)
    yield endpoint
    server.stop()


@pytest.fixture
def access(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> StorageAccess:
    _set_credentials(monkeypatch)
    return StorageAccess(endpoint=s3_endpoint, region="us-east-1", reach=OWN_MACHINE)


@pytest.fixture
def storage(access: StorageAccess) -> "Storage":
    from darkroom_storage.objects import open_storage

    return open_storage(access)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Azurite]":
    from tests.support.storage.azurite import start_azurite

    with start_azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


def _set_credentials(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AWS_ACCESS_KEY_ID", "key")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")

"""The server that the tests of this folder ask, installed once for all of them."""

import pathlib
import secrets
from collections.abc import Iterator

import pytest

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection
from tests.cluster.scenarios.main_job import MainJob
from tests.cluster.serving.server import Server, install_server
from tests.cluster.setup.installation import Installation
from tests.cluster.storage.bucket import Bucket


@pytest.fixture(scope="package")
def server(installation: Installation, connection: Connection, bucket: Bucket, main_job: MainJob) -> Iterator[Server]:
    """Return the server, with a key of the main job's namespace and one of another."""
    other = f"darkroom-other-{secrets.token_hex(2)}"
    connection.apply(manifests.a_namespace(other))
    with install_server(installation, bucket, main_job.namespace, other) as server:
        yield server
    connection.delete("Namespace", other)


@pytest.fixture(scope="module")
def image(digits: pathlib.Path) -> bytes:
    """Return a picture that the main job's Model has not seen."""
    return (digits / "images" / "eval-0001.png").read_bytes()

"""The cluster that the tests run on: the one of `localcluster`, and no other.

Owns what tests share: the connection, the installation, a bucket with sample sets, a namespace per module and one
trained Model. Trainings slow each other down on a small machine, so no test starts two at once.
"""

import pathlib
import secrets
from collections.abc import Iterator
from typing import Final

import pytest

from hack.localcluster.state import State
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import Waiter
from tests.cluster.host import node
from tests.cluster.scenarios.main_job import MainJob, run_main_job
from tests.cluster.setup import bringup
from tests.cluster.setup.installation import Installation
from tests.cluster.storage import samples
from tests.cluster.storage.bucket import Bucket, create_bucket

SHOTS: Final = 10
MODULES: Final = (
    *("test_admission", "test_main_job", "test_parity", "test_security", "test_observability", "test_tasks"),
    *("test_predictions", "test_loop"),
    *("test_failures", "test_disruptions", "test_storage", "test_volumes", "test_azure"),
    *("test_mending", "test_tenancy", "test_nodes"),
    *("test_availability", "test_serving", "test_labelling", "test_runs", "test_operator_restarts", "test_helm"),
)
"""By cost, but for the last, which takes the release away."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the modules in their order, and mark every test of this folder."""
    here = pathlib.Path(__file__).parent
    ours = [item for item in items if item.path.is_relative_to(here)]
    for item in ours:
        item.add_marker(pytest.mark.cluster)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400, func_only=True))  # fixtures have deadlines of their own
    ours.sort(key=lambda item: MODULES.index(item.path.stem))
    items[:] = [item for item in items if not item.path.is_relative_to(here)] + ours


@pytest.fixture(scope="session")
def state() -> Iterator[State]:
    """Return where the local cluster keeps its files, with the cluster up."""
    with bringup.hold_cluster() as state:
        yield state


@pytest.fixture(scope="session")
def connection(state: State) -> Connection:
    """Return the API server, reached as administrator."""
    connection = Connection(state.kubeconfig, state.binaries / "kubectl")
    node.set_gpus(connection, 1)
    return connection


@pytest.fixture(scope="session")
def installation(state: State, connection: Connection) -> Iterator[Installation]:
    """Return the release, installed with the tests' values; what was there before comes back at the end."""
    installation = Installation(connection, state)
    before = installation.find_values()
    installation.install()
    yield installation
    installation.restore(before)


@pytest.fixture(scope="session")
def waiter(connection: Connection) -> Waiter:
    """Return what waits for states."""
    return Waiter(connection)


@pytest.fixture(scope="session")
def bucket(connection: Connection) -> Iterator[Bucket]:
    """Return a bucket of this session on the cluster's own S3 server."""
    bucket = create_bucket(connection, f"test-{secrets.token_hex(4)}")
    yield bucket
    bucket.remove()


@pytest.fixture(scope="session")
def digits(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a folder with a few digits of each class; the bucket holds the same files below `digits/`."""
    folder = tmp_path_factory.mktemp("digits")
    samples.write_samples("digits", folder, SHOTS)
    bucket.put_folder(folder, "digits")
    return folder


@pytest.fixture(scope="module")
def namespace(request: pytest.FixtureRequest, installation: Installation, bucket: Bucket) -> Iterator[str]:
    """Return a fresh namespace of this module."""
    name = _name_namespace(request.module.__name__.rpartition(".")[2])
    _create_namespace(installation.connection, bucket, name)
    yield name
    installation.connection.delete("Namespace", name)


@pytest.fixture(scope="session")
def main_namespace(installation: Installation, bucket: Bucket) -> Iterator[str]:
    """Return the namespace of what stays for the whole session."""
    name = _name_namespace("main")
    _create_namespace(installation.connection, bucket, name)
    yield name
    installation.connection.delete("Namespace", name)


@pytest.fixture(scope="session")
def main_job(
    main_namespace: str, connection: Connection, waiter: Waiter, bucket: Bucket, digits: pathlib.Path
) -> MainJob:
    """Return the session's trained and evaluated classifier."""
    assert (digits / "train.json").exists()
    return run_main_job(connection, waiter, bucket, main_namespace)


@pytest.fixture
def no_gpu(connection: Connection) -> Iterator[None]:
    """Take the node's GPU away until the test gives it back, at the latest when it ends."""
    node.set_gpus(connection, 0)
    yield
    node.set_gpus(connection, 1)


def _name_namespace(topic: str) -> str:
    return f"darkroom-{topic.replace('_', '-')}-{secrets.token_hex(2)}"


def _create_namespace(connection: Connection, bucket: Bucket, name: str) -> None:
    connection.apply(manifests.a_namespace(name))
    connection.apply(manifests.a_secret(name, bucket.access_key, bucket.secret_key))

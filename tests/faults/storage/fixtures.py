"""The S3 server of the fault tests as fixtures; `conftest` takes them in."""

import pathlib
from collections.abc import Iterator
from typing import Final

import pytest

from tests.cluster.storage.samples import write_samples
from tests.faults.proxy.exchange import Upstream
from tests.faults.proxy.server import FaultProxy
from tests.faults.storage.s3_server import BUCKET, S3Server, start_s3
from tests.faults.storage.trainer_config import USER
from tests.faults.storage.workspace import Workspace

SHOTS: Final = 10
ROOT: Final = f"s3://{BUCKET}"


@pytest.fixture(scope="package")
def digits(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a folder with a few digits."""
    folder = tmp_path_factory.mktemp("digits")
    write_samples("digits", folder, SHOTS)
    return folder


@pytest.fixture(scope="package")
def server(
    built: None,  # noqa: ARG001  # versitygw
    digits: pathlib.Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[S3Server]:
    """Return an S3 server with the digits in its bucket."""
    with start_s3(tmp_path_factory.mktemp("s3")) as server:
        server.create_user(USER)
        server.put_folder(digits, "digits")
        yield server


def open_workspace(folder: pathlib.Path, server: S3Server, prefix: str) -> Workspace[S3Server]:
    """Return a workspace with a proxy of its own, which lets everything pass."""
    proxy = FaultProxy(Upstream(server.address))
    access = server.mount(folder / "credentials", USER, proxy.address)
    return Workspace(folder, server, proxy, ROOT, access, prefix)


@pytest.fixture
def workspace(tmp_path: pathlib.Path, server: S3Server) -> Iterator[Workspace[S3Server]]:
    """Return a place for trainers of its own; nothing half uploaded may be left there."""
    workspace = open_workspace(tmp_path, server, f"runs/{tmp_path.name}")
    yield workspace
    workspace.proxy.close()
    assert server.count_unfinished_uploads() == 0


@pytest.fixture(scope="package")
def revision(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what an undisturbed inspection says of the digits."""
    quiet = open_workspace(tmp_path_factory.mktemp("quiet"), server, "runs/quiet")
    ended = quiet.inspect()
    quiet.proxy.close()
    assert ended.outcome.summary is not None
    return str(ended.outcome.summary.revision)

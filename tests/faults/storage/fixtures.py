"""The S3 server of the fault tests as fixtures; `conftest` takes them in."""

import pathlib
from collections.abc import Iterator
from typing import Final

import pytest

from tests.cluster.storage.samples import write_samples
from tests.faults.proxy.exchange import Upstream
from tests.faults.proxy.server import FaultProxy
from tests.faults.storage.s3_server import S3Server, start_s3
from tests.faults.storage.trainer_config import USER
from tests.faults.storage.workspace import Workspace

SHOTS: Final = 10


@pytest.fixture(scope="session")
def server(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:  # noqa: ARG001  # versitygw
    """Return an S3 server with a few digits in its bucket."""
    digits = tmp_path_factory.mktemp("digits")
    write_samples("digits", digits, SHOTS)
    with start_s3(tmp_path_factory.mktemp("s3")) as server:
        server.create_user(USER)
        server.put_folder(digits, "digits")
        yield server


@pytest.fixture
def workspace(tmp_path: pathlib.Path, server: S3Server) -> Iterator[Workspace]:
    """Return a place for trainers of its own; nothing half uploaded may be left there."""
    proxy = FaultProxy(Upstream(server.address))
    yield Workspace(tmp_path, server, proxy, f"runs/{tmp_path.name}")
    proxy.close()
    assert server.count_unfinished_uploads() == 0


@pytest.fixture(scope="session")
def revision(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what an undisturbed inspection says of the digits."""
    quiet = FaultProxy(Upstream(server.address))
    ended = Workspace(tmp_path_factory.mktemp("quiet"), server, quiet, "runs/quiet").inspect()
    quiet.close()
    assert ended.outcome.summary is not None
    return str(ended.outcome.summary.revision)

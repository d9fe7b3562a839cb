"""A training API on this machine, trusted by what runs in this process."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.certificate import write_certificate
from tests.unit.migrate.recorded_projects import KEY, Json, pictures_of
from tests.unit.migrate.training_server import TrainingServer, start

Serve = Callable[..., TrainingServer]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    write_certificate(path)
    return path


@pytest.fixture
def serve(certificate: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return what serves a project until the end of the test; the key is in the environment."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("VISION_TRAINING_KEY", KEY)
    with contextlib.ExitStack() as stack:

        def begin(recorded: Json, **fields: Any) -> TrainingServer:
            server = TrainingServer(recorded, fields.pop("pictures", None) or pictures_of(recorded), **fields)
            listener = start(server, certificate)
            stack.callback(listener.server_close)
            stack.callback(listener.shutdown)
            return server

        yield begin

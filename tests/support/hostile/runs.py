"""Runs one hostile dataset as an inspection does, without a network, and returns what its user reads."""

import functools
import http.client
import io
import pathlib
import socket
import tempfile
from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.endpoints import Origin, Reach
from darkroom_storage import connections, web
from darkroom_storage.secrets import hide
from darkroom_trainer.runtime.errors import RunError
from tests.support.hostile.cases import write_case
from tests.support.hostile.names import CASES
from tests.support.run_support import inspect

NAMES = {
    "metadata.test": ("169.254.169.254",),
    "cluster.test": ("10.96.0.1",),
    "mixed.test": ("93.184.216.34", "10.0.0.1"),
    "photos.test": ("93.184.216.34",),
}


class CannedConnection:
    """A connection to a server that gives one answer, whatever it is asked, if it may be reached at all."""

    sock = None

    def __init__(self, answer: bytes | None, uri: str, origin: Origin, reach: Reach) -> None:
        self._answer = answer
        self._target = origin, reach, uri

    def request(self, *_: object, **__: object) -> None:
        """Take a request."""
        connections.resolve(*self._target)
        assert self._answer is not None, "a forbidden address was connected to"

    def getresponse(self) -> http.client.HTTPResponse:
        """Return the answer."""
        response = http.client.HTTPResponse(self)  # type: ignore[arg-type]
        response.begin()
        return response

    def makefile(self, *_: object) -> io.BytesIO:
        """Stand in for the socket of the answer."""
        return io.BytesIO(self._answer or b"")

    def close(self) -> None:
        """End nothing."""


def isolate(patch: pytest.MonkeyPatch, answer: bytes | None) -> None:
    """Let names resolve as `NAMES` says, and every connection give `answer`; None: no connection may be made."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **fields: Any) -> Any:
        host.encode("idna")
        if host.endswith(".test") and host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [entry for name in NAMES.get(host, (host,)) for entry in real(name, port, **fields)]

    def connect(uri: str, origin: Origin, reach: Reach, _: object) -> CannedConnection:
        return CannedConnection(answer, uri, origin, reach)

    patch.setattr(socket, "getaddrinfo", resolve)
    patch.setattr(web, "_CheckedConnection", connect)


@functools.cache
def read_case(name: str) -> tuple[Reason, str]:
    """Return the reason and the message that an inspection of a case ends with; its folder is `/data` there."""
    case = CASES[name]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        isolate(patch, case.answer)
        uri = write_case(case, pathlib.Path(folder) / "data")
        try:
            outcome = inspect(case.get_source(uri))
        except RunError as error:
            reason, message = error.reason, error.message
        else:
            reason, message = outcome.reason, outcome.message
        return reason, hide(message).replace(f"file://{folder}/data", "file:///data")

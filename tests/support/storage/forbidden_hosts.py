"""Names that lead where no run may connect. Owns no expectation."""

import socket
from typing import Any, NoReturn

import pytest

from darkroom_storage import pools


def lead_to_the_metadata_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every name be that of a cloud's metadata service, and fail where it is connected to."""

    def resolve(_host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    def connect(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a forbidden address was connected to")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(pools, "create_connection", connect)

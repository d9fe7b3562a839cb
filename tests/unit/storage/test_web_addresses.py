"""Names of hosts: what becomes of one without an address, and of one that changes it."""

import socket
from typing import Any, NoReturn

import pytest

from darkroom_api.endpoints import Reach
from darkroom_storage.errors import AddressForbidden, ObjectMissing, StorageError, StorageUnreachable
from darkroom_storage.web import read_https


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        pytest.param(socket.EAI_NONAME, ObjectMissing, "there is no host", id="a name that nobody has"),
        pytest.param(socket.EAI_AGAIN, StorageUnreachable, "cannot be resolved", id="a name service in trouble"),
    ],
)
def test_a_name_without_address_is_missing_and_one_not_answered_unreachable(
    number: int, kind: type[StorageError], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(kind, match=says):
        read_https("https://no-such-host.invalid/a", reach=Reach(), limit_bytes=10)


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, reached, resolve_other = [("93.184.216.34",), ("169.254.169.254",)], [], socket.getaddrinfo

    def resolve(host: str, port: int, *places: Any, **options: Any) -> list[Any]:
        if host != "rebinding.test":  # asked for by a thread of another test
            return resolve_other(host, port, *places, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port)) for name in answers.pop(0)]

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> NoReturn:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(StorageUnreachable):
        read_https("https://rebinding.test/a", reach=Reach(), limit_bytes=10)
    assert reached == [("93.184.216.34", 443)]
    with pytest.raises(AddressForbidden, match="link-local"):
        read_https("https://rebinding.test/a", reach=Reach(), limit_bytes=10)
    assert len(reached) == 1

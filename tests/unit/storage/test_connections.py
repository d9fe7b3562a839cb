"""A name is resolved once, and the address that was checked is the one that is connected to."""

import socket
from typing import Any, Final

import pytest

from darkroom_api.endpoints import Origin, Reach, find_origin
from darkroom_storage import connections
from darkroom_storage.errors import AddressForbidden
from tests.local_storage import a_listing

URL: Final = "https://pictures.test/a.png"
PUBLIC: Final = ("93.184.216.34", "2606:2800:220:1::1")
ANYWHERE: Final = Reach()


class Names:
    """A name server that answers each question with the next list of addresses, the last one for ever."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = list(answers)
        self._resolve_other = socket.getaddrinfo

    def resolve(self, host: str, port: int, *places: Any, **options: Any) -> list[Any]:
        if host != "pictures.test":  # asked for by a thread of another test
            return self._resolve_other(host, port, *places, **options)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]


def name(monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> Origin:
    """Let every name have these addresses, one answer after another."""
    monkeypatch.setattr(socket, "getaddrinfo", Names(*answers).resolve)
    return find_origin(URL)


class Sockets:
    """Opens nothing; some addresses do not answer."""

    def __init__(self, *silent: str) -> None:
        self.asked: list[tuple[str, int]] = []
        self._silent = silent

    def open(self, at: tuple[str, int]) -> socket.socket:
        self.asked.append(at)
        if at[0] in self._silent:
            raise ConnectionRefusedError(at[0])
        return socket.socket()


def test_the_checked_address_is_connected_to_whatever_the_name_says_next(monkeypatch: pytest.MonkeyPatch) -> None:
    origin, sockets = name(monkeypatch, PUBLIC[:1], ("127.0.0.1",)), Sockets()
    connections.connect(origin, ANYWHERE, URL, sockets.open).close()
    assert sockets.asked == [(PUBLIC[0], 443)]


def test_the_next_address_is_tried_where_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    origin, sockets = name(monkeypatch, PUBLIC), Sockets(PUBLIC[0])
    connections.connect(origin, ANYWHERE, URL, sockets.open).close()
    assert [address for address, _ in sockets.asked] == list(PUBLIC)
    with pytest.raises(ConnectionRefusedError, match=PUBLIC[1]):
        connections.connect(origin, ANYWHERE, URL, Sockets(*PUBLIC).open)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "fe80::1", "::ffff:169.254.169.254"]
)
def test_a_name_with_one_address_inside_is_not_connected_to_at_all(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, sockets = name(monkeypatch, (PUBLIC[0], address)), Sockets()
    with pytest.raises(AddressForbidden, match=r"pictures\.test"):
        connections.connect(origin, ANYWHERE, URL, sockets.open)
    assert sockets.asked == []


def test_the_api_server_is_never_reached_even_where_its_host_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = name(monkeypatch, ("10.1.2.3",))
    listed = a_listing("https://pictures.test", own_machine=False)
    assert connections.resolve(origin, listed, URL) == ["10.1.2.3"]
    monkeypatch.setenv(connections.API_SERVER_VARIABLE, "10.1.2.3")
    with pytest.raises(AddressForbidden):
        connections.resolve(origin, listed, URL)


@pytest.mark.parametrize("url", ["http://pictures.test/a.png", "https://user:key@pictures.test/a.png"])
def test_an_address_is_refused_by_its_text_alone(url: str) -> None:
    with pytest.raises(AddressForbidden):
        connections.find_allowed(url, ANYWHERE, url)


@pytest.mark.parametrize(
    ("endpoint", "own_machine", "is_allowed"),
    [
        ("https://s3.test", False, True),
        ("http://minio.vision:9000", False, False),
        ("http://127.0.0.1:9000", False, False),
        ("http://127.0.0.1:9000", True, True),
        ("http://user:key@127.0.0.1:9000", True, False),
    ],
)
def test_the_endpoint_of_a_bucket_is_checked_less_strictly_on_its_users_own_machine(
    endpoint: str, own_machine: bool, is_allowed: bool
) -> None:
    reach = Reach(own_machine=own_machine)
    if is_allowed:
        connections.check_endpoint(endpoint, reach)
        return
    with pytest.raises(AddressForbidden) as refused:
        connections.check_endpoint(endpoint, reach)
    assert "key" not in str(refused.value)

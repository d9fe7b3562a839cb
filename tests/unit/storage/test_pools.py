"""Connections of urllib3 go to addresses that were checked, and to nothing else."""

import socket

import pytest
import urllib3

from darkroom_api.endpoints import Reach
from darkroom_storage import pools
from darkroom_storage.errors import AddressForbidden


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]"])
def test_an_address_that_may_not_be_reached_is_never_connected_to(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))
    manager = urllib3.PoolManager(retries=False)
    pools.pin(manager, Reach())
    for scheme in ("http", "https"):
        with pytest.raises(AddressForbidden):
            manager.request("GET", f"{scheme}://{host}:1/")


def test_an_address_that_the_installation_allows_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        manager = urllib3.PoolManager(retries=False, timeout=0.2)
        pools.pin(manager, Reach(own_machine=True, allowed_endpoints=(f"http://127.0.0.1:{port}",)))
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            manager.request("GET", f"http://127.0.0.1:{port}/")
        assert listening.accept()[1][0] == "127.0.0.1"

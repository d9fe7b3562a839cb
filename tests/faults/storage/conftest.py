"""Azurite with the fault proxy before it, both behind one door with TLS."""

import pathlib
import ssl
import urllib.parse
from collections.abc import Iterator

import pytest

from tests.faults.proxy.exchange import Upstream
from tests.faults.proxy.server import FaultProxy
from tests.support.storage.azurite import ACCOUNT, Azurite, start_azurite
from tests.support.storage.tls_door import open_door


@pytest.fixture(scope="package")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Return Azurite, past every fault."""
    with start_azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[FaultProxy]:
    """Return a proxy before Azurite, which lets everything pass."""
    origin = azurite.endpoint.removesuffix(f"/{ACCOUNT}")
    proxy = FaultProxy(Upstream(origin, ssl.create_default_context(cafile=azurite.certificate)))
    yield proxy
    proxy.close()


@pytest.fixture
def disturbed(proxy: FaultProxy, tmp_path: pathlib.Path) -> Iterator[Azurite]:
    """Return the same account as it is reached through the proxy: tokens are for https alone."""
    port = urllib.parse.urlsplit(proxy.address).port
    assert port is not None
    with open_door(tmp_path, ("127.0.0.1", port), "127.0.0.1") as (address, certificate):
        (tmp_path / "door.crt").write_text(certificate)
        yield Azurite(f"{address}/{ACCOUNT}", tmp_path / "door.crt")

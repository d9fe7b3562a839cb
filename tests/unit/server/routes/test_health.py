"""The probes of the API's own port."""

from tests.support.server.running import send


def test_the_probes_need_no_key(address: str) -> None:
    assert [send(address, path).body for path in ("/healthz", "/readyz")] == [b"ok", b"ok"]

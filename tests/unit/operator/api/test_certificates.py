"""Pods of one run know each other by one certificate, and nobody else: real handshakes in memory."""

import pathlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest

from darkroom_api import names
from darkroom_operator.api.certificates import KeyPair, make_key_pair

NOW = datetime.now(UTC)


def make_context(side: ssl._SSLMethod, pair: KeyPair, folder: pathlib.Path) -> ssl.SSLContext:
    """Return what a pod with this pair shows and trusts; every check of Python's newest versions is on."""
    folder.mkdir()
    for name, content in ((names.NODES_CERTIFICATE, pair.certificate), (names.NODES_KEY, pair.key)):
        (folder / name).write_bytes(content)
    context = ssl.SSLContext(side)
    context.load_cert_chain(folder / names.NODES_CERTIFICATE, folder / names.NODES_KEY)
    context.load_verify_locations(folder / names.NODES_CERTIFICATE)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def shake_hands(led: KeyPair, joining: KeyPair, folder: pathlib.Path, host: str = names.NODES_HOST) -> None:
    """Let a pod with one pair join a pod with another; raises ssl.SSLError where one does not know the other."""
    server = make_context(ssl.PROTOCOL_TLS_SERVER, led, folder / "server")
    client = make_context(ssl.PROTOCOL_TLS_CLIENT, joining, folder / "client")
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(down, up, server_hostname=host),
        server.wrap_bio(up, down, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    ends[0].write(b"hello")
    assert ends[1].read() == b"hello"


def test_two_pods_with_the_same_pair_trust_each_other(tmp_path: pathlib.Path) -> None:
    pair = make_key_pair(NOW)
    shake_hands(pair, pair, tmp_path)


@pytest.mark.parametrize(
    ("made_at", "host"),
    [(NOW, names.NODES_HOST), (NOW - timedelta(days=4000), names.NODES_HOST), (NOW, "another")],
    ids=["another pair", "one that is long over", "another name"],
)
def test_a_stranger_is_trusted_by_nobody(made_at: datetime, host: str, tmp_path: pathlib.Path) -> None:
    own = make_key_pair(NOW)
    other = make_key_pair(made_at) if host == names.NODES_HOST else own
    with pytest.raises(ssl.SSLError):
        shake_hands(own, other, tmp_path, host)


def test_a_clock_that_is_some_hours_behind_takes_it_for_valid(tmp_path: pathlib.Path) -> None:
    pair = make_key_pair(NOW + timedelta(hours=12))
    shake_hands(pair, pair, tmp_path)

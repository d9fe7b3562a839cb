"""Which network addresses an image may come from, and how long an answer may take."""

import http.client
import io
import itertools
import socket
from typing import NoReturn

import pytest

from darkroom_trainer.runtime.errors import ObjectMissing, ObjectTooLarge, StorageError, StorageUnreachable
from darkroom_trainer.storage.bodies import read_limited
from darkroom_trainer.storage.web import is_public, read_https


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("93.184.216.34", True, id="a public server"),
        pytest.param("2606:2800:220:1::1", True, id="a public server, IPv6"),
        pytest.param("127.0.0.1", False, id="loopback"),
        pytest.param("::1", False, id="loopback, IPv6"),
        pytest.param("169.254.169.254", False, id="a cloud's metadata service"),
        pytest.param("fe80::1%eth0", False, id="link-local"),
        pytest.param("fd00:ec2::254", False, id="metadata, IPv6"),
        pytest.param("10.96.0.1", False, id="a cluster's API server"),
        pytest.param("172.16.0.1", False, id="private B"),
        pytest.param("192.168.1.1", False, id="private C"),
        pytest.param("100.64.0.1", False, id="shared carrier space"),
        pytest.param("0.0.0.0", False, id="this host"),
        pytest.param("::ffff:10.0.0.1", False, id="private IPv4 inside IPv6"),
        pytest.param("64:ff9b::a00:1", False, id="private IPv4 behind NAT64"),
        pytest.param("2002:a00:1::", False, id="private IPv4 behind 6to4"),
        pytest.param("::10.0.0.1", False, id="private IPv4 in the deprecated compatible form"),
        pytest.param("fec0::1", False, id="site-local, IPv6"),
        pytest.param("168.63.129.16", False, id="Azure's services for its machines"),
        pytest.param("192.0.0.192", False, id="Oracle's metadata service"),
        pytest.param("224.0.0.1", False, id="multicast"),
        pytest.param("255.255.255.255", False, id="broadcast"),
    ],
)
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


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
        read_https("https://no-such-host.invalid/a", trusted_hosts=(), limit_bytes=10)


class Trickle:
    """An answer whose body comes one byte at a time."""

    def read1(self, _: int) -> bytes:
        return b"."


def test_a_body_that_trickles_is_given_up_and_one_without_end_is_cut() -> None:
    answer: http.client.HTTPResponse = Trickle()  # type: ignore[assignment]
    with pytest.raises(StorageUnreachable, match="bytes came in 21 s"):
        read_limited("https://h/a", answer, 10_000, clock=itertools.count().__next__)
    with pytest.raises(ObjectTooLarge, match="more than 50 bytes"):
        read_limited("https://h/a", answer, 50, clock=lambda: 0.0)
    assert read_limited("https://h/a", io.BytesIO(b"whole"), 5) == b"whole"  # type: ignore[arg-type]

"""Images by address: from public hosts and allowed prefixes only, within a time, after few redirects."""

import asyncio
import contextlib
import pathlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom_server.config import FetchLimits
from darkroom_server.prediction.failures import TooBusy, UrlUnfit
from darkroom_server.prediction.fetching import Fetcher, is_below
from tests.certificate import HOST
from tests.support.server.images import Handler, ImageHost, serving_images
from tests.support.storage.tls_door import open_door

LIMIT = 1000


def _redirect(to: str, status: int = 302) -> object:
    def answer(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def _trickle(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)


def _say_nothing(_handler: Handler) -> None:
    time.sleep(3)


def _send_endlessly(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b"x" * LIMIT)


def _break_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b"x" * 100)


CONTENT = {
    "/open/a": b"image",
    "/closed/a": b"secret",
    "/open/one": _redirect("/open/a"),
    "/open/two": _redirect("one"),
    "/open/three": _redirect("/open/two", 307),
    "/open/four": _redirect("/open/three", 308),
    "/open/loop": _redirect("/open/loop"),
    "/open/away": _redirect("/closed/a"),
    "/open/metadata": _redirect("http://169.254.169.254/latest/meta-data"),
    "/open/file": _redirect("file:///etc/passwd"),
    "/open/broken": _redirect("http://[x"),
    "/open/slow": _trickle,
    "/open/silent": _say_nothing,
    "/open/large": b"x" * (LIMIT + 1),
    "/open/endless": _send_endlessly,
    "/open/cut": _break_off,
}


@pytest.fixture(scope="module")
def host() -> Iterator[ImageHost]:
    with serving_images(CONTENT) as host:  # type: ignore[arg-type]
        yield host


def _fetch(host: ImageHost, url: str) -> bytes:
    limits = FetchLimits(allowed_prefixes=(f"{host.url}/open/",), seconds=0.5)
    return asyncio.run(Fetcher(limits, LIMIT).fetch("one", url.replace("HOST", host.url)))


def test_a_host_of_a_private_authority_is_reached_once_the_environment_names_it(
    host: ImageHost, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(host.url.rpartition(":")[2])
    with open_door(tmp_path, ("127.0.0.1", port), HOST, "127.0.0.1") as (door, certificate):
        limits = FetchLimits(allowed_prefixes=(f"{door}/open/",), seconds=5)
        with pytest.raises(UrlUnfit, match="could not be fetched"):
            asyncio.run(Fetcher(limits, LIMIT).fetch("one", f"{door}/open/a"))
        (tmp_path / "ours.pem").write_text(certificate)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ours.pem"))
        assert asyncio.run(Fetcher(limits, LIMIT).fetch("one", f"{door}/open/a")) == b"image"


@pytest.mark.parametrize("path", ["a", "a?sig=x%20y&z", "one", "two", "three"])
def test_an_image_below_an_allowed_prefix_is_fetched_through_three_redirects(host: ImageHost, path: str) -> None:
    assert _fetch(host, f"HOST/open/{path}") == b"image"
    assert host.asked[-1].startswith("/open/a")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("HOST/open/four", "more than 3 times", id="four redirects"),
        pytest.param("HOST/open/loop", "more than 3 times", id="a circle"),
        pytest.param("HOST/closed/a", "not public", id="another path of an allowed host"),
        pytest.param("HOST/open/../closed/a", "not public", id="a way out of the prefix"),
        pytest.param("HOST/open/%2e%2e/closed/a", "not public", id="a hidden way out of the prefix"),
        pytest.param("HOST/open/away", "not public", id="a redirect out of the prefix"),
        pytest.param("HOST/open/metadata", "not public", id="a redirect to the cloud's metadata"),
        pytest.param("HOST/open/file", "not the address of an image", id="a redirect to a file"),
        pytest.param("HOST/open/broken", "could not be fetched", id="a redirect to nowhere"),
        pytest.param("HOST/open/slow", "took too long", id="a trickle"),
        pytest.param("HOST/open/silent", "took too long", id="silence"),
        pytest.param("HOST/open/large", "larger than 1,000 bytes", id="too many bytes, declared"),
        pytest.param("HOST/open/endless", "larger than 1,000 bytes", id="too many bytes, undeclared"),
        pytest.param("HOST/open/cut", "connection failed", id="a part of an answer"),
        pytest.param("HOST/open/nothing", "answered 404", id="an address without anything"),
        pytest.param("http://localhost:1/a", "not public", id="loopback by name"),
        pytest.param("http://[::1]/a", "not public", id="loopback of IPv6"),
        pytest.param("http://0x7f.1/a", "not public", id="loopback in other numbers"),
        pytest.param("http://[::ffff:127.0.0.1]/a", "not public", id="loopback as mapped IPv6"),
        pytest.param("https://10.0.0.1/a", "not public", id="a private network"),
        pytest.param("https://169.254.169.254/a", "not public", id="the cloud's metadata"),
        pytest.param("ftp://example.com/a", "not the address", id="another protocol"),
        pytest.param("file:///etc/passwd", "not the address", id="a file"),
        pytest.param("data:image/png;base64,AAAA", "not the address", id="a data address"),
        pytest.param("red.png", "not the address", id="no address"),
        pytest.param("http://user:pass@example.com/a", "not the address", id="an address with a password"),
        pytest.param("http://x" + "y" * 9000, "longer than 8,192", id="a long address"),
        pytest.param("http://a..b/", "could not be fetched", id="no name of a host"),
        pytest.param("http://a\r\nHost: b/", "not the address", id="a header in a name"),
    ],
)
def test_an_address_that_may_not_or_cannot_be_fetched_is_refused_in_words(host: ImageHost, url: str, says: str) -> None:
    began = time.monotonic()
    with pytest.raises(UrlUnfit, match=says) as caught:
        _fetch(host, url)
    assert time.monotonic() - began < 2
    assert "127.0.0.1" not in str(caught.value)


def test_a_name_that_resolves_to_a_private_address_is_refused(host: ImageHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_name: str, port: int, **_: object) -> list[object]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("93.184.216.34", "10.0.0.9")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(UrlUnfit, match="not public") as caught:
        _fetch(host, "http://images.example/a")
    assert "10.0.0.9" not in str(caught.value)


def test_a_resolver_that_hangs_keeps_no_thread_that_fetches(host: ImageHost, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end, resolve = threading.Event(), socket.getaddrinfo

    def hang(name: str, *places: Any, **options: Any) -> object:
        if name == "hangs.example":
            may_end.wait(10)
        return resolve(name, *places, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    limits = FetchLimits(allowed_prefixes=(f"{host.url}/open/",), seconds=0.5, at_once=2)

    async def fetch_all() -> list[bytes | BaseException]:
        fetcher = Fetcher(limits, LIMIT)
        urls = ["http://hangs.example/a"] * 2 + [f"{host.url}/open/a"]
        return await asyncio.gather(*(fetcher.fetch("one", url) for url in urls), return_exceptions=True)

    began = time.monotonic()
    try:
        *hung, image = asyncio.run(fetch_all())
        assert time.monotonic() - began < 3
    finally:
        may_end.set()
    assert image == b"image"
    assert ["took too long" in str(failure) for failure in hung] == [True, True]


def test_so_many_are_fetched_at_once_and_so_many_wait() -> None:
    with serving_images({"/a": _say_nothing}) as host:
        limits = FetchLimits(allowed_prefixes=(host.url,), seconds=0.5, at_once=4)

        async def fetch_many() -> list[bytes | BaseException]:
            fetcher = Fetcher(limits, LIMIT)
            urls = [f"{host.url}/a"] * 69
            return await asyncio.wait_for(
                asyncio.gather(*(fetcher.fetch("one", url) for url in urls), return_exceptions=True), 20
            )

        found = asyncio.run(fetch_many())
    assert sum(isinstance(failure, TooBusy) for failure in found) == 1


@pytest.mark.parametrize(
    ("url", "prefix", "below"),
    [
        ("http://h:9000/a/b", "http://h:9000/a/", True),
        ("http://h:9000/a/b", "http://h:9000", True),
        ("http://H:9000", "http://h:9000/", True),
        ("http://h:9000/ab", "http://h:9000/a/", False),
        ("http://h:9001/a/b", "http://h:9000/a/", False),
        ("https://h:9000/a/b", "http://h:9000/a/", False),
        ("http://h.evil/a/", "http://h", False),
        ("http://h:9000/a/\\..\\b", "http://h:9000/a/", False),
    ],
)
def test_a_prefix_covers_what_lies_below_it_at_the_same_host(url: str, prefix: str, below: bool) -> None:
    assert is_below(url, prefix) is below

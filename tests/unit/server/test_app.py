"""The whole application under hostile callers: each gets its answer, and nobody else waits for it."""

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.support.server.fixtures import LIMITS, RED, address, backend, images
from tests.support.server.models import draw
from tests.support.server.parts import KEY
from tests.support.server.running import send

__all__ = ["address", "backend", "images"]

PATH = "/computervision/imageanalysis:analyze?api-version=2023-04-01-preview&model-name=classifier"
KEYED = {"Ocp-Apim-Subscription-Key": KEY}
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nOcp-Apim-Subscription-Key: {KEY}\r\n"


@contextlib.contextmanager
def _connected(address: str, count: int, begin: str) -> Iterator[list[socket.socket]]:
    """Open connections that each have sent a beginning."""
    host, port = address.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection((host, int(port)), timeout=10)) for _ in range(count)]
        for each in opened:
            each.sendall(begin.encode())
        yield opened


def _read(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("side_px", [15_000, 17_000])
def test_a_picture_bomb_is_refused_by_its_size(address: str, side_px: int) -> None:
    file = io.BytesIO()
    Image.new("1", (side_px, side_px)).save(file, "PNG")
    began = time.monotonic()
    answer = send(address, PATH, file.getvalue(), KEYED)
    assert (answer.status, answer.json["error"]["innererror"]["code"]) == (400, "InvalidImageSize")
    assert time.monotonic() - began < 2


def test_bodies_that_stop_end_by_themselves_and_hold_nobody_up(address: str) -> None:
    with _connected(address, 200, f"{HEAD}Content-Length: 1000\r\n\r\nxxx") as slow:
        began = time.monotonic()
        assert send(address, PATH, RED, KEYED).status == 200
        assert time.monotonic() - began < 10 * LIMITS.seconds, "behind them in a queue it would wait far longer"
        answers = [_read(connection) for connection in slow]
    assert {answer.split(b" ")[1] for answer in answers} == {b"408"}


def test_a_gigabyte_that_is_declared_is_refused_before_it_is_sent(address: str) -> None:
    with _connected(address, 1, f"{HEAD}Content-Length: 1000000000\r\n\r\n") as (connection,):
        answer = _read(connection)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"code":"InvalidImageSize"' in answer


def test_a_thousand_idle_connections_hold_nobody_up(address: str) -> None:
    with _connected(address, 1000, ""):
        began = time.monotonic()
        assert send(address, PATH, RED, KEYED).status == 200
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("name", [b"a%0d%0aSet-Cookie:%20b", b"%ff%fe", b"..%2f..%2fetc", b"%00"])
def test_a_hostile_name_is_told_back_as_text_only(address: str, name: bytes) -> None:
    begin = f"POST /v2/models/{name.decode()}/infer HTTP/1.1\r\nHost: a\r\nOcp-Apim-Subscription-Key: {KEY}\r\n"
    with _connected(address, 1, f"{begin}Connection: close\r\nContent-Length: 0\r\n\r\n") as (connection,):
        head, _, body = _read(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert b"set-cookie" not in head.lower()
    assert body.startswith(b'{"error":')


@pytest.mark.parametrize("host", ["[", "[::1", "[z]", "a b", "a/b", "a@b", "a:b", "é"])
@pytest.mark.parametrize("path", ["/computervision/models?api-version=2023-04-01-preview", "/ui/", "/v2/health/live"])
def test_a_header_that_names_no_host_is_refused(address: str, host: str, path: str) -> None:
    answer = send(address, path, headers=KEYED | {"Host": host})
    assert answer.status == 400, answer
    assert "Host" in str(answer.json["error"]), answer.json


@pytest.mark.parametrize("host", ["", "a", "a.b:80", "[::1]", "[::1]:8080", "10.0.0.1:1"])
def test_a_header_that_names_a_host_is_taken(address: str, host: str) -> None:
    assert send(address, "/v2/health/live", headers={"Host": host}).status == 200


def test_callers_side_by_side_get_each_their_own_answer(address: str) -> None:
    colours = ["red", "green", "blue"] * 15
    with ThreadPoolExecutor(8) as pool:
        bad = [pool.submit(send, address, PATH, b"<html>", KEYED) for _ in range(40)]
        good = [pool.submit(send, address, PATH, draw(fill=colour), KEYED) for colour in colours]
    assert {future.result().status for future in bad} == {400}
    found = [future.result().json["customModelResult"]["tagsResult"]["values"][0]["name"] for future in good]
    assert found == colours

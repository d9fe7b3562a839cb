"""Bodies: lenient where clients are careless, and bounded where they are hostile."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from darkroom_server.config import BodyLimits
from darkroom_server.http import bodies
from darkroom_server.http.envelope import Envelope
from darkroom_server.http.problems import Problem
from darkroom_server.http.room import Room
from tests.support.server.running import running, send


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(b'{"Name": {"ModelKind": 1}}', {"name": {"modelkind": 1}}, id="keys are folded at any depth"),
        pytest.param(b'{"A": [{"B": 1}]}', {"a": [{"b": 1}]}, id="keys are folded in lists"),
        pytest.param(b'{"CustomProperties": {"My": 1}}', {"customproperties": {"My": 1}}, id="but own keys stay"),
        pytest.param(b"{'url': 'https://x/y',}", {"url": "https://x/y"}, id="single quotes and a last comma pass"),
        pytest.param('\ufeff{"a": "ä"}'.encode(), {"a": "ä"}, id="a byte order mark passes"),
    ],
)
def test_json_is_read_as_clients_write_it(body: bytes, found: dict[str, Any]) -> None:
    assert bodies.parse_json(body) == found


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "not a JSON object", id="nothing"),
        pytest.param(b"[1]", "not a JSON object", id="a list"),
        pytest.param(b"{'a': .inf}", "not JSON", id="YAML's infinity"),
        pytest.param(b"{'a': !!python/name:os.system }", "not JSON", id="a YAML tag"),
        pytest.param(b"a: &x {b: 1}\nc: *x", "not JSON", id="a YAML alias"),
        pytest.param(b"{'a': 2020-01-01}", "not JSON", id="a YAML date"),
        pytest.param(b"{? [1, 2] : 3}", "not JSON", id="a YAML list as a key"),
        pytest.param(b"{1: 2}", "", id="a number as a key becomes text"),
        pytest.param(b"{'a': 1, " + b" " * 70_000 + b"}", "not JSON", id="long YAML"),
        pytest.param(b'{"a": "\xff"}', "not UTF-8", id="no UTF-8"),
        pytest.param(b"[" * 50_000, "nested too deeply", id="deep JSON"),
        pytest.param(b'{"a":' + b"[" * 700 + b"]" * 700 + b"}", "nested too deeply", id="JSON that is read, but deep"),
        pytest.param(b'{"a": [' + b"[]," * 70_000 + b"1]}", "more than 65,536 lists", id="JSON that fills the memory"),
        pytest.param(b'{"a\\ud800": 1, "A\\ud800": 1}', "not JSON", id="half of a character"),
        pytest.param(b"{a: " + b"[" * 30_000, "not JSON", id="YAML so deep that its reader would end the process"),
        pytest.param(b"{2020-01-01: 1}", "not JSON", id="a YAML date as a key"),
        pytest.param(b"{'a': !!timestamp x}", "not JSON", id="a YAML tag that its value does not fit"),
        pytest.param(b"{'a': 1" + b":00" * 300 + b".5}", "not JSON", id="a YAML number to the base of 60, too large"),
        pytest.param(b'{"a":' * 400 + b"1" + b"}" * 400 + b",", "not JSON", id="deep YAML"),
        pytest.param(b'{"a": 1, "A": 2}', "given twice", id="a key in two cases"),
    ],
)
def test_what_is_no_json_object_is_refused_in_words(body: bytes, says: str) -> None:
    if not says:
        assert bodies.parse_json(body) == {"1": 2}
        return
    with pytest.raises(Problem, match=says) as caught:
        bodies.parse_json(body)
    assert (caught.value.status, caught.value.code) == (400, "InvalidRequest")


async def _take(request: Request) -> Response:
    return JSONResponse({"length": len(await bodies.read_body(request, 100, BodyLimits(seconds=0.3).seconds))})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(Envelope(Router([Route("/", _take, methods=["POST"])]), Room(1000))) as address:
        yield address


def test_a_body_up_to_the_limit_is_read(address: str) -> None:
    assert send(address, "/", b"x" * 100).json == {"length": 100}
    refused = send(address, "/", b"x" * 101)
    assert (refused.status, refused.json["error"]["innererror"]["code"]) == (400, "InvalidRequestSize")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"Content-Length: 1000000000\r\n\r\nx", b"400", id="a gigabyte that is declared"),
        pytest.param(b"Content-Length: 99999999999999999999999999\r\n\r\nx", b"400", id="a number that is no length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n" + b"64\r\n%s\r\n" % (b"x" * 100) * 9, b"400", id="chunks"),
        pytest.param(b"Content-Length: 50\r\n\r\nx", b"408", id="a body that stops"),
    ],
)
def test_a_body_that_is_too_large_or_too_slow_is_answered_and_its_connection_closed(
    address: str, sent: bytes, status: bytes
) -> None:
    began = time.monotonic()
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n" + sent)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert time.monotonic() - began < 4

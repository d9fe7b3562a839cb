"""The application as it is served: any answer has its ids, and an error the form of its route."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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

LIMITS = BodyLimits(json_bytes=1000, seconds=0.5)


async def _echo(request: Request) -> Response:
    return JSONResponse(await bodies.read_json(request, LIMITS))


async def _fail(request: Request) -> Response:
    raise KeyError(request.url.path)


async def _retry(_request: Request) -> Response:
    raise Problem(429, "TooManyRequests", "wait", retry_after_seconds=3)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    routes = [
        Route("/echo/it", _echo, methods=["POST"]),
        Route("/fail", _fail),
        Route("/customvision/fail", _retry, methods=["GET", "POST"]),
    ]
    with running(
        Envelope(Router([*routes, Route("/v2/fail", _retry)], redirect_slashes=False), Room(1 << 26))
    ) as address:
        yield address


def test_doubled_slashes_are_one(address: str) -> None:
    assert send(address, "///echo//it?overload=stream", {"A": 1}).json == {"a": 1}


def test_an_answer_has_an_id_and_echoes_the_callers(address: str) -> None:
    answer = send(address, "/echo/it", {}, {"x-ms-client-request-id": "abc-1"})
    assert answer.headers["x-ms-client-request-id"] == "abc-1"
    assert len(answer.headers["apim-request-id"]) == 36


def test_a_callers_id_that_is_no_plain_word_is_not_echoed(address: str) -> None:
    answer = send(address, "/echo/it", {}, {"x-ms-client-request-id": "a b\tset-cookie: c"})
    assert "x-ms-client-request-id" not in answer.headers


@pytest.mark.parametrize(
    ("path", "method", "status", "code", "body"),
    [
        ("/nothing", "GET", 404, "404", {"error": {"code": "404", "message": "there is no such route"}}),
        ("/echo/it", "GET", 405, "MethodNotAllowed", None),
        ("/customvision/fail", "GET", 429, "TooManyRequests", {"code": "TooManyRequests", "message": "wait"}),
        ("/v2/fail", "GET", 429, "TooManyRequests", {"error": "wait"}),
        ("/V2/nothing", "GET", 404, "404", {"error": "there is no such route"}),
        ("/fail", "GET", 500, "InternalServerError", None),
    ],
)
def test_an_error_has_the_form_of_its_route(
    address: str, path: str, method: str, status: int, code: str, body: object
) -> None:
    answer = send(address, path, method=method)
    assert (answer.status, answer.headers["x-ms-error-code"]) == (status, code)
    assert body is None or answer.json == body
    assert answer.headers.get("retry-after") == ("3" if status == 429 else None)


def test_a_failure_of_the_server_tells_its_id_and_nothing_else(address: str) -> None:
    answer = send(address, "/fail")
    assert answer.headers["apim-request-id"] in answer.json["error"]["message"]
    assert b"KeyError" not in answer.body


@pytest.mark.parametrize("chunked", [False, True])
def test_a_refused_caller_who_sends_a_large_body_reads_the_answer(address: str, chunked: bool) -> None:
    body = b"x" * 30_000_000
    answer = send(address, "/customvision/fail", iter([body[:100], body]) if chunked else body, method="POST")
    assert (answer.status, answer.headers.get("connection")) == (429, None)


def test_beyond_the_bytes_that_are_held_for_all_a_body_is_refused_until_there_is_room() -> None:
    may_end = threading.Event()

    async def hold(request: Request) -> Response:
        await request.body()
        await asyncio.to_thread(may_end.wait, 10)
        return Response()

    app = Envelope(Router([Route("/", hold, methods=["POST"])]), Room(100_000))
    with running(app) as address, ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, address, "/", b"x" * 70_000)
        time.sleep(0.2)
        assert send(address, "/", b"x" * 70_000).status == 429
        may_end.set()
        assert first.result().status == 200
        assert send(address, "/", b"x" * 70_000).status == 200

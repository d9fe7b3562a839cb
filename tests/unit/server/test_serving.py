"""The end of a server: nobody's request is lost who goes on asking while it leaves."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.clusters.ports import find_free_port
from darkroom_server import serving as served
from darkroom_server.serving import Place, Stopping, serve

LEAVE = "\r\nconnection: close\r\n"
REQUEST = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"


class Door:
    """An application whose slow requests end when the test opens it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered = asyncio.Event()

    async def answer_slowly(self, _: Request) -> Response:
        self.entered.set()
        await self.open.wait()
        return PlainTextResponse("slow")

    async def answer(self, _: Request) -> Response:
        return PlainTextResponse("quick")

    def build(self) -> Starlette:
        return Starlette(routes=[Route("/slow", self.answer_slowly), Route("/quick", self.answer)])


@contextlib.asynccontextmanager
async def serving(
    door: Door, stopping: Stopping, linger: float, grace: float
) -> AsyncIterator[tuple[int, asyncio.Task[None]]]:
    port = find_free_port()
    task = asyncio.create_task(serve(door.build(), Place("127.0.0.1", port), stopping, linger, grace))
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.02)
        yield port, task
        await task


async def ask(port: int, path: bytes) -> tuple[str, asyncio.StreamReader]:
    """Return the head of an answer, in small letters, and what follows it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST % path)
    return (await reader.readuntil(b"\r\n\r\n")).decode().lower(), reader


def test_requests_at_work_end_and_new_ones_are_answered_while_it_lingers() -> None:
    async def story() -> None:
        door, stopping = Door(), Stopping()
        async with serving(door, stopping, linger=1.0, grace=10) as (port, task):
            head, _ = await ask(port, b"quick")
            assert LEAVE not in head
            slow = asyncio.create_task(ask(port, b"slow"))
            await door.entered.wait()
            stopping.begin()
            await asyncio.sleep(0.5)
            head, rest = await ask(port, b"quick")
            assert head.startswith("http/1.1 200")
            assert LEAVE in head
            assert await rest.read() == b"quick"
            await asyncio.sleep(1)
            with pytest.raises(OSError, match=r"refused|Connect"):
                await ask(port, b"quick")
            assert not task.done()
            door.open.set()
            head, rest = await slow
            assert head.startswith("http/1.1 200")
            assert await rest.read() == b"slow"

    asyncio.run(story())


def test_a_request_that_never_ends_holds_the_process_no_longer_than_the_grace() -> None:
    async def story() -> None:
        door, stopping = Door(), Stopping()
        async with serving(door, stopping, linger=0, grace=1) as (port, task):
            slow = asyncio.create_task(ask(port, b"slow"))
            await door.entered.wait()
            stopping.begin()
            await asyncio.wait_for(task, 5)
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                await slow

    asyncio.run(story())


@pytest.mark.parametrize(
    ("before", "bit"),
    [(b"", b""), (b"", b"G"), (b"GET /quick HTTP/1.1\r\nHost: a\r\n", b"a: b\r\n"), (REQUEST % b"quick", b"G")],
    ids=["nothing", "a trickle", "headers without end", "a trickle after a whole request"],
)
def test_a_connection_whose_next_request_does_not_come_whole_is_closed(
    monkeypatch: pytest.MonkeyPatch, before: bytes, bit: bytes
) -> None:
    monkeypatch.setattr(served, "HEAD_SECONDS", 0.4)

    async def story() -> None:
        stopping = Stopping()
        async with serving(Door(), stopping, linger=0, grace=1) as (port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(before)

            async def trickle() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        writer.write(bit)
                        await asyncio.sleep(0.1)

            trickling = asyncio.create_task(trickle())
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionError):
                    await reader.read()
            trickling.cancel()
            stopping.begin()

    asyncio.run(story())


def test_neither_a_slow_answer_nor_a_pause_between_requests_is_cut_by_the_clock_of_heads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(served, "HEAD_SECONDS", 0.2)

    async def story() -> None:
        door, stopping = Door(), Stopping()
        async with serving(door, stopping, linger=0, grace=1) as (port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for path in (b"slow", b"quick"):
                writer.write(REQUEST % path)
                await asyncio.sleep(0.5)
                door.open.set()
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                await reader.readexactly(len(path))
                await asyncio.sleep(0.5)
            writer.close()
            stopping.begin()

    asyncio.run(story())


def test_an_answer_is_sent_without_waiting_for_the_client_to_acknowledge_its_head() -> None:
    with (
        served._listen(Place("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

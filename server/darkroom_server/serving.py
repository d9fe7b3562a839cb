"""Runs an application until the process is told to stop, and then lets every request end.

Owns the order of the end: no longer ready; still answering while whoever sends requests notices; connections closed
after their answer; the rest given time. Must not know routes.
"""

import asyncio
import contextlib
import pathlib
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import h11
import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the pools of usual clients and proxies keep a connection: they close it, and lose no request."""
HEAD_SECONDS: Final = 30.0
"""In which the head of a request has to come. Connections that never send one would fill the memory, key or no key."""


@dataclass
class Stopping:
    """Whether this process was told to stop."""

    _told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_begun(self) -> bool:
        """Return whether it was."""
        return self._told.is_set()

    def begin(self) -> None:
        """Tell it."""
        self._told.set()

    async def wait(self) -> None:
        """Wait until it is told."""
        await self._told.wait()

    def listen(self) -> None:
        """Begin with SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.begin)


class Leaving:
    """An application that takes leave of each client once stopping has begun: the answer closes its connection."""

    def __init__(self, app: ASGIApp, stopping: Stopping) -> None:
        self._app, self._stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def send_and_leave(message: Message) -> None:
            if message["type"] == "http.response.start" and self._stopping.has_begun:
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, send_and_leave)


class _Server(uvicorn.Server):
    """Leaves signals to Stopping."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Protocol(H11Protocol):
    """Closes a connection on which the head of a request begins and does not end, or the first never begins.

    uvicorn has a clock for connections between two requests only.
    """

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_clock()

    def _await_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_clock()
        elif self._clock is None:
            self._clock = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


@dataclass(frozen=True)
class Place:
    """Where to listen; with a certificate, by https."""

    host: str
    port: int
    certificate: pathlib.Path | None = None
    key: pathlib.Path | None = None


class CannotServe(Exception):
    """Nobody can listen at a place; the text says why, and which setting to change."""


def _listen(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        listening = socket.create_server((place.host, place.port), family=family)
    except OSError as error:
        said = error.strerror or str(error)
        raise CannotServe(f"--host {place.host} --port {place.port}: nobody can listen there ({said})") from error
    # asyncio does so for sockets that name TCP as their protocol, which this one does not. Without it, an answer's
    # body waits up to 40 ms for the client to acknowledge its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _load(config: uvicorn.Config, place: Place) -> None:
    try:
        config.load()
    except OSError as error:  # ssl's errors are of this kind
        files = f"--tls-cert {place.certificate} --tls-key {place.key}"
        raise CannotServe(f"{files}: are no certificate with its key in PEM ({error})") from error


async def serve(app: ASGIApp, place: Place, stopping: Stopping, linger_seconds: float, grace_seconds: float) -> None:
    """Answer until stopping begins and `linger_seconds` more, then give requests at work up to `grace_seconds`.

    Raises CannotServe.
    """
    config = uvicorn.Config(
        Leaving(app, stopping),
        http=_Protocol,
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(grace_seconds),
    )
    _load(config, place)
    server, listening = _Server(config), _listen(place)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.serve([listening]))
        told = tasks.create_task(stopping.wait())
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await asyncio.sleep(linger_seconds)
            server.should_exit = True
        told.cancel()

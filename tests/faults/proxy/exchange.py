"""One request on its way through a proxy: what was asked, the way on, and the way back.

Owns forwarding. Must not decide what happens to a request: that is an action's.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
import yarl
from aiohttp import web

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "te", "upgrade"})
Frames = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]


@dataclass(frozen=True)
class Upstream:
    """A server behind a proxy. Without a token the caller's own headers pass unchanged, signatures included."""

    address: str
    ssl_context: ssl.SSLContext | None = None
    token: str | None = None


@dataclass(frozen=True)
class Answer:
    """A whole answer of the server."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Exchange:
    """A request and the server that it is for."""

    request: web.Request
    body: bytes
    upstream: Upstream
    session: aiohttp.ClientSession
    open_watches: set[asyncio.Transport] = field(default_factory=set)

    @property
    def method(self) -> str:
        """Return the request's method."""
        return self.request.method

    @property
    def path(self) -> str:
        """Return the request's path with its query, as it was sent."""
        return self.request.raw_path

    @property
    def is_watch(self) -> bool:
        """Return whether the answer is a stream of news."""
        return self.request.query.get("watch", "") in ("1", "true")

    async def send(self) -> Answer:
        """Send the request on and return the whole answer."""
        async with self._open() as response:
            return Answer(response.status, _keep_headers(response.headers), await response.read())

    async def reply(self, answer: Answer) -> web.StreamResponse:
        """Pass an answer back."""
        response = web.Response(status=answer.status, body=answer.body)
        for name, value in answer.headers.items():
            response.headers[name] = value
        return response

    async def relay(self, frames: Frames | None = None) -> web.StreamResponse:
        """Send the request on and pass the answer back, a stream line by line through `frames`."""
        if not self.is_watch:
            return await self.reply(await self.send())
        async with self._open() as response:
            back = web.StreamResponse(status=response.status, headers=_keep_headers(response.headers))
            await back.prepare(self.request)
            transport = self.request.transport
            assert transport is not None
            self.open_watches.add(transport)
            try:
                lines = _read_lines(response)
                async for line in frames(lines) if frames is not None else lines:
                    await back.write(line)
            except (aiohttp.ClientError, ConnectionError):
                self.abort()
            finally:
                self.open_watches.discard(transport)
        return back

    def abort(self) -> web.StreamResponse:
        """Cut the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()
        return web.Response()

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[aiohttp.ClientResponse]:
        dropped = _HOP_BY_HOP | ({"authorization", "host"} if self.upstream.token else set())
        headers = {name: value for name, value in self.request.headers.items() if name.lower() not in dropped}
        if self.upstream.token:
            headers["Authorization"] = f"Bearer {self.upstream.token}"
        url = yarl.URL(self.upstream.address + self.path, encoded=True)
        data = self.body or None
        async with self.session.request(
            self.method, url, data=data, headers=headers, ssl=self.upstream.ssl_context or True, allow_redirects=False
        ) as response:
            yield response


def _keep_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


async def _read_lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for line in response.content:
        yield line

"""The fault proxy: plain HTTP in front of a server of an API or of storage, in a thread with an event loop of its own.

Owns the rules, and what becomes of each request. Controlled from the test's thread.
"""

import asyncio
import re
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from bench.clusters.ports import find_free_port
from tests.faults.proxy.actions import Action, relay
from tests.faults.proxy.exchange import Exchange, Upstream
from tests.faults.proxy.mutations import Moment, Mutations

READ_BUFFER_BYTES = 2**21
MAX_BODY_BYTES = 2**30


@dataclass
class Rule:
    """Which requests an action is done to: by method and path, after `skip` of them, at most `times`."""

    action: Action
    path: str = ""
    method: str = ""
    skip: int = 0
    times: int | None = None
    watches: bool | None = None
    """True: watches only; False: all but watches."""
    hits: int = 0
    """How often it was applied."""
    _matched: int = field(default=0, repr=False)

    def claims(self, exchange: Exchange) -> bool:
        """Return whether the action is to be done to this request, and count it."""
        wanted = self.watches is None or self.watches == exchange.is_watch
        if (
            not wanted
            or not re.search(self.path, exchange.path)
            or not re.fullmatch(self.method or ".*", exchange.method)
        ):
            return False
        self._matched += 1
        if self._matched <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class FaultProxy:
    """A proxy on a free port of this machine."""

    def __init__(self, upstream: Upstream) -> None:
        self.port = find_free_port()
        self.mutations = Mutations()
        self._upstream = upstream
        self._rules: list[Rule] = []
        self._watches: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._open())

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, *rules: Rule) -> Rule:
        """Add rules, the first match counts; returns the first of them."""
        self._rules = [*self._rules, *rules]
        return rules[0]

    def clear(self) -> None:
        """Let everything pass again."""
        self._rules = []

    def cut_watches(self) -> None:
        """Cut every open watch, so that the next one meets the rules."""
        self._call(self._cut_watches())

    def close(self) -> None:
        """Stop listening; a second time changes nothing."""
        if not self._thread.is_alive():
            return
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=connector, read_bufsize=READ_BUFFER_BYTES, auto_decompress=False
        )
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def _close(self) -> None:
        await self._cut_watches()
        await self._runner.cleanup()
        await self._session.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _cut_watches(self) -> None:
        for transport in list(self._watches):
            transport.abort()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        exchange = Exchange(request, await request.read(), self._upstream, self._session, self._watches)
        write = self.mutations.note(exchange)
        if self.mutations.spring(write, Moment.BEFORE):
            return exchange.abort()
        action = next((rule.action for rule in self._rules if rule.claims(exchange)), relay)
        try:
            response = await action(exchange)
        except (aiohttp.ClientError, ConnectionError):
            return exchange.abort()
        if write is not None:
            write.status = response.status
        return exchange.abort() if self.mutations.spring(write, Moment.AFTER) else response

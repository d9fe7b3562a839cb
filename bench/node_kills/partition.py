"""A forwarder between a worker and index 0, which can stop passing anything on without closing a connection.

Owns its connections and its thread. Held, it is to both sides what a network partition is: silence.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, Final

PART_BYTES: Final = 1 << 16


class Forwarder:
    """Passes on what comes to one port of this machine to another and back; served by `forwarding` alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop, to_port: int) -> None:
        self._loop = loop
        self._to_port = to_port
        self._flow = asyncio.Event()
        self._flow.set()

    def hold(self) -> None:
        """Pass nothing on from now on."""
        self._loop.call_soon_threadsafe(self._flow.clear)

    def release(self) -> None:
        """Pass on what was held, and all that comes."""
        self._loop.call_soon_threadsafe(self._flow.set)

    async def take_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until both sides have closed it."""
        await self._flow.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.close()
            return
        # asyncio asks how this task ended in a callback that a cancelled one breaks (Python 3.11): `_end` cancels it.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while part := await reader.read(PART_BYTES):
                await self._flow.wait()
                writer.write(part)
                await writer.drain()
        await self._flow.wait()
        writer.close()


@contextlib.contextmanager
def forwarding(port: int, to_port: int) -> Iterator[Forwarder]:
    """Forward from one port of this machine to another meanwhile."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="forwarder", daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    forwarder = Forwarder(loop, to_port)
    server = run(asyncio.start_server(forwarder.take_in, "127.0.0.1", port))
    try:
        yield forwarder
    finally:
        run(_end(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

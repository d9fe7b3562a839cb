"""What a Service does for clients, on one port: a new connection goes to some ready replica, and stays there.

The kernel's own Service is not what is measured. Owns the connections, and to which replica each went. Must not look
at what passes, nor try a second replica: the kernel does neither.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator, Mapping

REFUSED = "refused"
"""In place of a replica: nobody listened there any more."""


class Balancer:
    """Passes connections on to `ready`, a port for each replica by name, which the harness changes."""

    def __init__(self, chance: random.Random) -> None:
        self.port = 0
        self.ready: Mapping[str, int] = {}
        self._chance = chance
        self._places: dict[int, str] = {}

    def find_place(self, client_port: int) -> str:
        """Return the replica that a client's connection, known by its port, has gone to, or REFUSED."""
        return self._places.get(client_port, REFUSED)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, in both directions, until its replica or its client ends it."""
        client_port: int = writer.get_extra_info("peername")[1]
        self._places[client_port] = REFUSED
        with contextlib.suppress(OSError, IndexError):
            name, port = self._chance.choice(sorted(self.ready.items()))
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            self._places[client_port] = name
            sending = asyncio.create_task(_copy(reader, far_writer))
            await _copy(far_reader, writer)
            sending.cancel()
            far_writer.close()
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@contextlib.contextmanager
def balancing(chance: random.Random) -> Iterator[Balancer]:
    """Give a balancer that listens, in a thread of its own."""
    balancer, listens, is_over = Balancer(chance), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        async with await asyncio.start_server(balancer.pass_on, "127.0.0.1", 0) as server:
            balancer.port = server.sockets[0].getsockname()[1]
            listens.set()
            await is_over.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(listen())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    listens.wait(10)
    try:
        yield balancer
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join(10)

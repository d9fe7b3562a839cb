"""A wire to the API server that a test can cut: every byte passes, as TLS, until it does not.

Owns the port and the connections. Must not read what passes.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable


class Wire:
    """Passes connections on to `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.port = 0
        self.num_bytes = 0
        """That came from this side."""

    def cut(self) -> None:
        """End all connections, and refuse new ones until `mend`."""
        self._is_cut = True
        for writer in self._open:
            writer.close()

    def mend(self) -> None:
        """Pass connections on again."""
        self._is_cut = False

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, in both directions."""
        if self._is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {writer, far_writer}
        await asyncio.gather(_copy(reader, far_writer, self._count), _copy(far_reader, writer, lambda _: None))
        self._open -= {writer, far_writer}

    def _count(self, num_bytes: int) -> None:
        self.num_bytes += num_bytes


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tell: Callable[[int], None]) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(2**16):
            tell(len(data))
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def lay_wire(port: int) -> AsyncIterator[Wire]:
    """Give a wire to `port`, on a port of its own."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.pass_on, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire.cut()

"""A door with TLS before a server that speaks plainly, as a bucket of a private authority is reached.

Owns its sockets; what passes is not looked at. One thread serves all of them: two that read and write one connection of
TLS end the process.
"""

import asyncio
import contextlib
import pathlib
import ssl
import threading
from collections.abc import Iterator
from typing import Final

from tests.certificate import make_certificate

PART_BYTES: Final = 1 << 16


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while part := await source.read(PART_BYTES):
            target.write(part)
            await target.drain()


async def _serve(
    address: str, context: ssl.SSLContext, target: tuple[str, int], ports: list[int], is_open: threading.Event
) -> None:
    async def pass_through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        within, without = await asyncio.open_connection(*target)
        ways = [asyncio.create_task(_pass_on(reader, without)), asyncio.create_task(_pass_on(within, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        without.close()
        writer.close()

    server = await asyncio.start_server(pass_through, address, 0, ssl=context)
    ports.append(server.sockets[0].getsockname()[1])
    is_open.set()
    await asyncio.Event().wait()


@contextlib.contextmanager
def open_door(
    folder: pathlib.Path, target: tuple[str, int], host: str, address: str | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the URL of the door to `target`, and its certificate for `host`, which is its own authority.

    It listens at `address`, where that is not the host itself.
    """
    key, certificate = make_certificate(host)
    (folder / "door.pem").write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "door.pem")
    ports: list[int] = []
    is_open = threading.Event()
    loop = asyncio.new_event_loop()
    serving = loop.create_task(_serve(address or host, context, target, ports, is_open))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert is_open.wait(10)
    try:
        yield f"https://{host}:{ports[0]}", certificate.decode()
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(10)

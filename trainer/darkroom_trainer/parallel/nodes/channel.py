"""A channel between two pods of a run: frames and files over one connection of mutual TLS.

Owns the connection: who is let in, and when the other side counts as lost. One thread of a process serves all its
channels, since two that read and write one connection of TLS end the process. Must not know what frames mean.
"""

import asyncio
import contextlib
import json
import logging
import pathlib
import queue
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from darkroom_api import names

LOG = logging.getLogger(__name__)

BEAT_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 30.0
"""A pod that was not heard for so long is lost: it sends something every `BEAT_SECONDS`, whatever it computes."""
GREETING_SECONDS: Final = 10.0
"""How long a handshake may take."""
PART_BYTES: Final = 1 << 20
"""Of a file in one frame: between two of them others can be sent."""
MOST_BYTES: Final = 1 << 26
"""The largest frame that the pod of index 0 reads: an answer is some kilobytes, and files come in parts."""
MOST_ORDER_BYTES: Final = 1 << 32
"""The same of the other pods: an assignment holds the targets of all images."""
_SIZES: Final = struct.Struct(">IQ")
_MOST_FIELDS_BYTES: Final = 1 << 16
_FILE_NAME: Final = re.compile(r"[0-9a-z][0-9a-z-]{0,80}(\.[0-9a-z]{1,12})?")
BEAT: Final = "beat"
FILE: Final = "file"
DROP: Final = "drop"

Result = TypeVar("Result")


class BadFrame(Exception):
    """What came is no frame, or none that belongs here."""


@dataclass(frozen=True)
class Frame:
    """A message: its kind, some fields of JSON, and bytes."""

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""

    def read_number(self, name: str) -> int:
        """Return a field that has to be a whole number from 0 on; raises BadFrame."""
        value = self.fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BadFrame(f"{self.kind}: {name} is no whole number")
        return value

    def read_text(self, name: str) -> str:
        """Return a field that has to be a short text; raises BadFrame."""
        value = self.fields.get(name)
        if not isinstance(value, str) or len(value) > 1024:
            raise BadFrame(f"{self.kind}: {name} is no text")
        return value


def open_context(folder: pathlib.Path, *, is_server: bool) -> ssl.SSLContext:
    """Return how a pod shows itself and what it trusts: the one certificate of the run, on both sides.

    Raises OSError where its files cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(folder / names.NODES_CERTIFICATE, folder / names.NODES_KEY)
    context.load_verify_locations(folder / names.NODES_CERTIFICATE)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class Loop:
    """The thread that serves this process' channels."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nodes", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result], wait_seconds: float | None = None) -> Result:
        """Return what comes of some work in that thread; raises what it raises, and TimeoutError."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(wait_seconds)
        except futures.TimeoutError as error:
            future.cancel()
            raise TimeoutError from error

    def close(self) -> None:
        """End the thread, with what it still serves."""

        async def cancel() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Channel:
    """One connection; frames come to `handle` (or wait to be taken) and files into `folder`, both in their order.

    `handle` runs in the loop's thread; BadFrame from it closes the channel.
    """

    def __init__(
        self,
        loop: Loop,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        folder: pathlib.Path,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._loop = loop
        self._reader, self._writer = streams
        self.folder = folder
        self._most_bytes = most_bytes
        self._frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._tasks: list[asyncio.Task[None]] = []
        self.handle: Callable[[Frame], None] = self._frames.put
        self.heard_at = time.monotonic()
        self.closed_why = ""
        """Why the channel is closed; empty while it is open."""

    def serve(self) -> None:
        """Read what comes, from now on; to be called in the loop's thread."""
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._beat())]

    def take(self, wait_seconds: float) -> Frame | None:
        """Return the next frame, None where there is none within this time."""
        with contextlib.suppress(queue.Empty):
            return self._frames.get(timeout=wait_seconds)
        return None

    def send(self, kind: str, body: bytes = b"", **fields: Any) -> None:
        """Send a frame, from any thread but the loop's; raises OSError where the channel is closed."""
        self._loop.run(self.write(kind, body, **fields))

    def send_file(self, name: str, path: pathlib.Path) -> None:
        """Send a file, which gets this name there; raises OSError where the channel is closed."""
        with path.open("rb") as file:
            part = file.read(PART_BYTES)
            while part:
                following = file.read(PART_BYTES)
                self.send(FILE, part, name=name, is_last=not following)
                part = following

    async def write(self, kind: str, body: bytes = b"", **fields: Any) -> None:
        """Send a frame, in the loop's thread; raises OSError where the channel is closed."""
        if self.closed_why:
            raise BrokenPipeError(self.closed_why)
        told = json.dumps({"kind": kind, **fields}).encode()
        self._writer.write(_SIZES.pack(len(told), len(body)) + told)
        self._writer.write(body)
        await self._writer.drain()

    def close(self, why: str = "closed") -> None:
        """Close the channel, from any thread but the loop's; what was sent still goes out."""
        with contextlib.suppress(TimeoutError):
            self._loop.run(self._end(why), GREETING_SECONDS)

    async def _end(self, why: str) -> None:
        self.shut(why)
        for task in self._tasks:
            task.cancel()
        closing = asyncio.create_task(self._writer.wait_closed())
        await asyncio.wait([closing], timeout=BEAT_SECONDS)
        if not closing.done():
            closing.cancel()
            self._writer.transport.abort()  # only here: Python 3.11.2 cannot abort a transport that has closed
        elif (error := closing.exception()) is not None:
            LOG.debug("a channel ends: %s", error)

    def shut(self, why: str) -> None:
        """Take the other side for lost; in the loop's thread."""
        self.closed_why = self.closed_why or why
        self._writer.close()

    async def read_frame(self) -> Frame:
        """Return the next frame; raises BadFrame, EOFError and OSError."""
        fields_bytes, body_bytes = _SIZES.unpack(await self._reader.readexactly(_SIZES.size))
        if fields_bytes > _MOST_FIELDS_BYTES or body_bytes > self._most_bytes:
            raise BadFrame(f"a frame of {fields_bytes + body_bytes} bytes")
        try:
            fields = json.loads(await self._reader.readexactly(fields_bytes))
            kind = fields.pop("kind")
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            raise BadFrame("a frame without a kind") from error
        if not isinstance(kind, str):
            raise BadFrame("a frame without a kind")
        return Frame(kind, fields, await self._reader.readexactly(body_bytes))

    async def _read(self) -> None:
        try:
            while True:
                frame = await self.read_frame()
                self.heard_at = time.monotonic()
                if frame.kind in (FILE, DROP):
                    self._keep(frame)
                elif frame.kind != BEAT:
                    self.handle(frame)
        except BadFrame as error:
            self.shut(f"what it says cannot be used: {error}")
        except (EOFError, OSError) as error:
            LOG.debug("a channel ends: %s", error)
            self.shut("its connection is closed")

    def _keep(self, frame: Frame) -> None:
        """Take in a part of a file, or leave it away: at once, so that one that comes again later stays."""
        name = frame.read_text("name")
        if not _FILE_NAME.fullmatch(name):
            raise BadFrame(f"a file named {name!r}")
        part = self.folder / f"{name}.part"
        try:
            if frame.kind == DROP:
                (self.folder / name).unlink(missing_ok=True)
                return
            with part.open("ab") as file:
                file.write(frame.body)
            if frame.fields.get("is_last"):
                part.replace(self.folder / name)
        except OSError as error:
            raise BadFrame(f"a file that cannot be kept: {error.strerror}") from error

    async def _beat(self) -> None:
        while not self.closed_why:
            silent_seconds = time.monotonic() - self.heard_at
            if silent_seconds > SILENT_SECONDS:
                self.shut(f"it was silent for {silent_seconds:.0f} s")
                self._writer.transport.abort()
                return
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(self.write(BEAT), BEAT_SECONDS)
            await asyncio.sleep(BEAT_SECONDS)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(address: str, port: int, context: ssl.SSLContext) -> Streams:
    """Return a connection to the pod of index 0; raises OSError, also for one that shows another certificate."""
    context.check_hostname = True
    return await asyncio.open_connection(
        address,
        port,
        ssl=context,
        server_hostname=names.NODES_HOST,
        ssl_handshake_timeout=GREETING_SECONDS,
        ssl_shutdown_timeout=BEAT_SECONDS,
    )


def listen(
    loop: Loop,
    port: int,
    context: ssl.SSLContext,
    accept: Callable[[Streams], Awaitable[None]],
) -> asyncio.Server:
    """Listen on all addresses of this pod, and give each connection of a pod of the run to `accept`.

    Raises OSError where the port is taken.
    """

    async def take_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept((reader, writer))

    return loop.run(
        asyncio.start_server(
            take_in,
            sock=_open_socket(port),
            ssl=context,
            ssl_handshake_timeout=GREETING_SECONDS,
            ssl_shutdown_timeout=BEAT_SECONDS,
        )
    )


def _open_socket(port: int) -> socket.socket:
    """Return a socket that listens on all addresses of both families, or of IPv4 where there is no other."""
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))

"""What can be done to a request: the faults.

Each action takes an exchange and answers it. Must not keep state between requests: that is a rule's.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from aiohttp import web

from tests.faults.proxy.exchange import Exchange, Frames

Action = Callable[[Exchange], Awaitable[web.StreamResponse]]

REASONS: Final = {
    403: "Forbidden",
    409: "AlreadyExists",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


async def relay(exchange: Exchange) -> web.StreamResponse:
    """Do nothing to it."""
    return await exchange.relay()


def delay(seconds: float) -> Action:
    """Send it on after a pause."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await exchange.relay()

    return act


def hold_answer(seconds: float) -> Action:
    """Send it on at once, and keep the answer back for a while."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        found = await exchange.send()
        await asyncio.sleep(seconds)
        return await exchange.reply(found)

    return act


async def drop(exchange: Exchange) -> web.StreamResponse:
    """Close the connection; the server hears nothing."""
    return exchange.abort()


async def cut(exchange: Exchange) -> web.StreamResponse:
    """Send it on, wait until it is committed, and lose the answer."""
    await exchange.send()
    return exchange.abort()


async def duplicate(exchange: Exchange) -> web.StreamResponse:
    """Send it twice and pass the second answer back, as a retrying connection does."""
    await exchange.send()
    return await exchange.relay()


def answer(status: int, message: str = "made by the fault proxy", **headers: str) -> Action:
    """Answer in the API server's place, with its kind of error."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": message}
    text = json.dumps({**body, "reason": REASONS.get(status, "")})
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def act(_exchange: Exchange) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type="application/json", headers=named)

    return act


def answer_s3(status: int, code: str) -> Action:
    """Answer in the S3 server's place, with its kind of error."""
    return _answer_xml(status, code, {})


def answer_azure(status: int, code: str) -> Action:
    """Answer in the place of Azure Blob, which gives its code in a header, too."""
    return _answer_xml(status, code, {"x-ms-error-code": code})


def _answer_xml(status: int, code: str, headers: Mapping[str, str]) -> Action:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>made by the fault proxy</Message></Error>"

    async def act(_exchange: Exchange) -> web.StreamResponse:
        return web.Response(status=status, text=body, content_type="application/xml", headers=headers)

    return act


def watch_through(frames: Frames) -> Action:
    """Pass a watch on through `frames`."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        return await exchange.relay(frames)

    return act


def delay_frames(seconds: float) -> Frames:
    """Every piece of news comes late; the order stays."""

    async def frames(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        reader = asyncio.create_task(_fill(queue, lines, seconds))
        try:
            while (item := await queue.get()) is not None:
                await asyncio.sleep(max(item[0] - loop.time(), 0))
                yield item[1]
        finally:
            reader.cancel()

    return frames


async def _fill(queue: "asyncio.Queue[tuple[float, bytes] | None]", lines: AsyncIterator[bytes], late: float) -> None:
    async for line in lines:
        await queue.put((asyncio.get_running_loop().time() + late, line))
    await queue.put(None)


async def drop_every_second_frame(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Half of the news is lost."""
    number = 0
    async for line in lines:
        number += 1
        if number % 2:
            yield line


async def double_frames(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """All news comes twice."""
    async for line in lines:
        yield line
        yield line


async def say_nothing(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream stays open, and is silent."""
    async for _line in lines:
        continue
    yield b""


def end_with_error(code: int) -> Frames:
    """The stream says nothing but an error, and ends."""
    status = {"kind": "Status", "apiVersion": "v1", "code": code, "reason": REASONS[code], "message": "in the stream"}
    line = json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"

    async def frames(_lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield line

    return frames


def trickle(bytes_per_second: float) -> Action:
    """Pass the answer's body back at a crawl."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        found = await exchange.send()
        headers = {**found.headers, "Content-Length": str(len(found.body))}
        response = web.StreamResponse(status=found.status, headers=headers)
        await response.prepare(exchange.request)
        for place in range(len(found.body)):
            await response.write(found.body[place : place + 1])
            await asyncio.sleep(1 / bytes_per_second)
        return response

    return act


async def truncate(exchange: Exchange) -> web.StreamResponse:
    """Promise the whole body, pass half of it back, and cut."""
    found = await exchange.send()
    headers = {**found.headers, "Content-Length": str(len(found.body))}
    response = web.StreamResponse(status=found.status, headers=headers)
    await response.prepare(exchange.request)
    await response.write(found.body[: len(found.body) // 2])
    return exchange.abort()


async def shorten(exchange: Exchange) -> web.StreamResponse:
    """Pass half of the body back as if it were all: only a checksum can tell."""
    found = await exchange.send()
    return await exchange.reply(replace(found, body=found.body[: len(found.body) // 2]))


async def change_etag(exchange: Exchange) -> web.StreamResponse:
    """Pass the answer back under another object's ETag."""
    found = await exchange.send()
    return await exchange.reply(replace(found, headers={**found.headers, "ETag": f'"{"0" * 32}"'}))

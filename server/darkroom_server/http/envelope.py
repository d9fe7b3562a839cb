"""What every answer has in common: its own id, the caller's id, errors in the form of the route, one slash for two.

Owns the outermost layer of the application. Must not know routes.
"""

import asyncio
import contextlib
import logging
import re
import uuid
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from darkroom_server.http.problems import Problem, bad_request, choose_form
from darkroom_server.http.room import Room

LOGGER: Final = logging.getLogger("darkroom.server")
CLIENT_ID_HEADER: Final = "x-ms-client-request-id"
OWN_ID_HEADER: Final = "apim-request-id"
CODE_HEADER: Final = "x-ms-error-code"
DRAINED_BYTES: Final = 64 << 20
DRAIN_SECONDS: Final = 2.0
"""How much of a refused body is read, for how long, before the connection is closed."""
_INERT: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""A browser may be shown what is wrong, in which a stranger's words may stand."""
_SLASHES: Final = re.compile("/{2,}")
_ECHOED: Final = re.compile(r"[A-Za-z0-9._:{}-]{1,128}")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(:[0-9]{1,5})?")
"""What addresses that an answer tells can be made of."""
_REFUSALS: Final = {404: ("404", "there is no such route"), 405: ("MethodNotAllowed", "the route takes other methods")}


class Envelope:
    """Wraps the router: each request becomes one answer, and a failure one in the form of its route."""

    def __init__(self, routes: ASGIApp, room: Room) -> None:
        self._routes = routes
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other scopes pass."""
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
            return
        scope["path"] = _SLASHES.sub("/", scope["path"])
        scope["app"] = self  # Starlette's router then raises where it finds no route, and answers nothing of its own
        answering = _Answering(Request(scope), receive, send, self._room)
        try:
            answering.check_host()
            await self._routes(scope, answering.receive, answering.send)
        except Problem as problem:
            await answering.refuse(problem)
        except HTTPException as refusal:
            code, message = _REFUSALS.get(refusal.status_code, (str(refusal.status_code), refusal.detail))
            await answering.refuse(Problem(refusal.status_code, code, message), refusal.headers)
        except Exception:
            LOGGER.exception("request %s: %s %.200r", answering.own_id, scope["method"], scope["path"])
            if answering.has_begun:
                raise  # uvicorn then closes the connection: half an answer must not look whole
            message = f"the server failed on this request; its log says why under {answering.own_id}"
            await answering.refuse(Problem(500, "InternalServerError", message))
        finally:
            answering.end()


class _Answering:
    """The way back to one caller: adds the ids to whatever is answered, and reads what a refused caller still sends."""

    def __init__(self, request: Request, receive: Receive, send: Send, room: Room) -> None:
        self.own_id = str(uuid.uuid4())
        self.has_begun = False
        self._request = request
        self._receive = receive
        self._send = send
        self._room = room
        self._held_bytes = 0
        length = request.headers.get("content-length", "0")
        self._length = int(length) if length.isdecimal() and len(length) < 16 else DRAINED_BYTES + 1
        self._is_coming = self._length > 0 or "transfer-encoding" in request.headers

    def check_host(self) -> None:
        """Raise the Problem of a header that names no host."""
        if not _HOST.fullmatch(self._request.headers.get("host", "")):
            raise bad_request("the header Host names no host; send the name and port that this server is reached at")

    async def receive(self) -> Message:
        """Return the next message of ASGI; raises the Problem of a server that holds enough bodies already."""
        message = await self._receive_any()
        size = len(message.get("body", b""))
        self._room.take(size)
        self._held_bytes += size
        return message

    async def _receive_any(self) -> Message:
        message = await self._receive()
        self._is_coming = self._is_coming and bool(message.get("more_body"))
        return message

    def end(self) -> None:
        """Forget the body."""
        self._room.give_back(self._held_bytes)

    async def send(self, message: Message) -> None:
        """Send one message of ASGI."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            headers[OWN_ID_HEADER] = self.own_id
            client_id = self._request.headers.get(CLIENT_ID_HEADER, "")
            if _ECHOED.fullmatch(client_id):
                headers[CLIENT_ID_HEADER] = client_id
            if self._is_coming:
                headers["Connection"] = "close"  # else the rest of the body would be read, however long it takes
        await self._send(message)

    async def refuse(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        """Send what is wrong, in the form of the route."""
        sent = {**(headers or {}), **_INERT, CODE_HEADER: problem.code}
        if problem.retry_after_seconds is not None:
            sent["Retry-After"] = str(problem.retry_after_seconds)
        if problem.status != 408:
            await self._drain()
        answer = JSONResponse(choose_form(self._request.scope["path"])(problem), problem.status, sent)
        await answer(self._request.scope, self.receive, self.send)

    async def _drain(self) -> None:
        """Read the rest of a body: many clients see no answer before all of it is sent, but a broken connection."""
        received = 0
        if self._length > DRAINED_BYTES or "expect" in self._request.headers:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._is_coming and received <= DRAINED_BYTES:
                    received += len((await self._receive_any()).get("body", b""))

"""Reading a request's body: never more than a limit, never longer than a time, and JSON as its clients write it.

Must not know what a body means.
"""

import asyncio
import json
from typing import Any, Final

import yaml
from starlette.requests import ClientDisconnect, Request

from darkroom_server.config import BodyLimits
from darkroom_server.http.problems import Problem, bad_request

TOO_LARGE: Final = "InvalidRequestSize"
MAX_LENIENT_BYTES: Final = 64 * 1024
"""Beyond this a body has to be JSON: reading YAML is slow, and no person writes so much by hand."""
MAX_LENIENT_DEPTH: Final = 100
"""Of YAML, whose reader goes down until the stack ends, and the process with it."""
MAX_COLLECTIONS: Final = 1 << 16
"""Lists and objects of a body: empty ones take sixty times the bytes in memory that they take in the body."""
_KEPT_BELOW: Final = ("customproperties",)
"""The keys inside are the caller's own, and stay as they are."""


async def read_body(request: Request, limit_bytes: int, seconds: float) -> bytes:
    """Return the body; raises a Problem where it is too long, too slow or ends too early."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 15 or int(declared) > limit_bytes):
        raise _too_large(limit_bytes)
    parts: list[bytes] = []
    received = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                received += len(part)
                if received > limit_bytes:
                    raise _too_large(limit_bytes)
                parts.append(part)
    except TimeoutError:
        message = f"the body did not come within {seconds:g} seconds; send it again over a faster connection"
        raise Problem(408, "RequestTimeout", message) from None
    except ClientDisconnect:
        raise bad_request("the connection closed before the whole body had come") from None
    return b"".join(parts)


def _too_large(limit_bytes: int) -> Problem:
    message = f"the body is larger than {limit_bytes:,} bytes; send less"
    return bad_request(message, inner_code=TOO_LARGE)


async def read_json(request: Request, limits: BodyLimits) -> dict[str, Any]:
    """Return the JSON object in the body with its keys in small letters, whatever its declared type.

    Raises the Problem that says what it is instead.
    """
    return parse_json(await read_body(request, limits.json_bytes, limits.seconds))


async def read_plain_json(request: Request, limits: BodyLimits) -> dict[str, Any]:
    """Return the JSON object in the body as it is, of a client that writes JSON; raises a Problem."""
    body = await read_body(request, limits.json_bytes, limits.seconds)
    check_collections(body)
    try:
        text = body.decode("utf-8-sig")
        found = json.loads(text, parse_constant=_refuse_constant)
        check_characters(text, found)
    except (ValueError, RecursionError):
        raise bad_request("the body is not JSON, or nested too deeply") from None
    if not isinstance(found, dict):
        raise bad_request("the body is not a JSON object; send {...}")
    return found


def parse_json(body: bytes) -> dict[str, Any]:
    """Return the JSON object that `body` is, with its keys in small letters; single quotes and a comma at the end pass.

    Raises a Problem where it is none.
    """
    check_collections(body)
    try:
        text = body.decode("utf-8-sig")
        found = _parse(text)
        check_characters(text, found)
        lowered = lower_keys(found)
    except UnicodeDecodeError:
        raise bad_request("the body is not UTF-8; send JSON") from None
    except (yaml.YAMLError, ValueError):
        raise bad_request("the body is not JSON; check its quotes, commas and brackets") from None
    except RecursionError:
        raise bad_request("the body is nested too deeply; send JSON with less depth") from None
    if not isinstance(lowered, dict):
        raise bad_request("the body is not a JSON object; send {...}")
    return lowered


def check_collections(body: bytes) -> None:
    """Raise the Problem of a body with so many lists or objects that reading it would take memory from all others."""
    if body.count(b"[") + body.count(b"{") > MAX_COLLECTIONS:
        raise bad_request(f"the body has more than {MAX_COLLECTIONS:,} lists and objects; send less at once")


def check_characters(text: str, found: Any) -> None:
    """Raise ValueError where JSON escapes half of a character: no answer, file or request could be written of it."""
    if "\\u" in text:
        json.dumps(found, ensure_ascii=False).encode()


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        if len(text) > MAX_LENIENT_BYTES:
            raise
    _check_plain(text)
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
        return json.loads(json.dumps(found, allow_nan=False, default=_refuse_constant))
    except (TypeError, OverflowError) as error:
        raise ValueError("it holds a date as a key, or a number that is too large") from error


def _check_plain(text: str) -> None:
    """Refuse YAML's own additions: aliases make small bodies large, tags are no JSON, and depth is not bounded."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise ValueError("it has aliases or tags")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_LENIENT_DEPTH:
            raise ValueError("it is nested too deeply")


def _refuse_constant(value: object) -> Any:
    raise ValueError(f"{type(value).__name__} is no JSON")


def lower_keys(value: Any) -> Any:
    """Return JSON with all keys in small letters, but for those inside `customProperties`; a key given twice fails."""
    if isinstance(value, list):
        return [lower_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    lowered: dict[str, Any] = {}
    for key, item in value.items():
        small = key.lower()
        if small in lowered:
            raise bad_request(f"{key[:80]!r} is given twice, in another case; keep one", target=key[:80])
        lowered[small] = item if small in _KEPT_BELOW else lower_keys(item)
    return lowered

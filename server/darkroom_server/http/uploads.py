"""An image in a request: as the body itself, as a part of a form, or as the address in a JSON body.

Owns what of a request is the image. Must not look at the image, or fetch an address.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from multipart import MultipartError, MultipartParser, MultipartPart, parse_options_header
from starlette.requests import Request

from darkroom_server.config import BodyLimits
from darkroom_server.http import bodies
from darkroom_server.http.problems import Problem, bad_request

MAX_PARTS: Final = 20
MAX_FORM_OVERHEAD_BYTES: Final = 64 * 1024
_FORM: Final = "multipart/form-data"
_JSON: Final = ("application/json", "application/json-patch+json", "text/json")
_UNDECLARED: Final = ("", "application/x-www-form-urlencoded")
"""Nothing, and what curl writes for whoever says nothing: the body itself tells what it is."""


@dataclass(frozen=True)
class Upload:
    """What a request brings: the bytes of an image, or where it is."""

    image: bytes | None
    url: str | None


async def read_upload(request: Request, limits: BodyLimits) -> Upload:
    """Return the image of a request, whatever form it comes in; raises the Problem that says why there is none."""
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    if kind in _JSON:
        return Upload(None, await read_url(request, limits))
    if kind == _FORM:
        return Upload(await read_form_image(request, limits), None)
    if kind not in _UNDECLARED and kind != "application/octet-stream" and not kind.startswith("image/"):
        message = (
            f"the content type {kind[:80]!r} is not supported; send an image as application/octet-stream or "
            'multipart/form-data, or {"url": ...} as application/json'
        )
        raise bad_request(message, target="Content-Type")
    image = await read_image(request, limits)
    if kind in _UNDECLARED and image.lstrip()[:1] == b"{":
        return Upload(None, find_url(image))
    return Upload(image, None)


async def read_image(request: Request, limits: BodyLimits) -> bytes:
    """Return the body, which is an image."""
    return check_size(await _read_at_most(request, limits, limits.image_bytes), limits)


async def read_form_image(request: Request, limits: BodyLimits) -> bytes:
    """Return the image in a form: the part `imageData`, else the first file, else the first part."""
    body = await _read_at_most(request, limits, limits.image_bytes + MAX_FORM_OVERHEAD_BYTES)
    return check_size(find_form_image(body, request.headers["content-type"]), limits)


async def _read_at_most(request: Request, limits: BodyLimits, limit_bytes: int) -> bytes:
    try:
        return await bodies.read_body(request, limit_bytes, limits.seconds)
    except Problem as problem:
        raise _too_large(limits) if problem.inner_code == bodies.TOO_LARGE else problem from None


def check_size(image: bytes, limits: BodyLimits) -> bytes:
    """Return `image`; raises a Problem where it has no bytes or too many."""
    if not image:
        raise bad_request("the image has 0 bytes; send it again", inner_code="InvalidImageSize")
    if len(image) > limits.image_bytes:
        raise _too_large(limits)
    return image


def _too_large(limits: BodyLimits) -> Problem:
    message = f"the image is larger than {limits.image_bytes:,} bytes; make it smaller"
    return bad_request(message, inner_code="InvalidImageSize")


def find_form_image(body: bytes, content_type: str) -> bytes:
    """Return the bytes of the part that is the image, with or without a file name; raises a Problem."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    # In memory whatever its size, which is bounded: by default larger parts go to files.
    limits = {"part_limit": MAX_PARTS, "spool_limit": len(body) + 1, "memory_limit": len(body) + 1}
    try:
        parts = MultipartParser(io.BytesIO(body), boundary, **limits).parts()
    except (MultipartError, UnicodeError) as error:
        raise bad_request("the form cannot be read to its end; send it again, with its boundary") from error
    if not parts:
        raise bad_request("the form has no parts; send the image in a part called imageData")
    return bytes(_choose(parts).raw)


def _choose(parts: Sequence[MultipartPart]) -> MultipartPart:
    named = [part for part in parts if (part.name or "").lower() == "imagedata"]
    return [*named, *(part for part in parts if part.filename), *parts][0]


async def read_url(request: Request, limits: BodyLimits) -> str:
    """Return the address in a JSON body; raises a Problem where there is none."""
    return find_url(await bodies.read_body(request, limits.json_bytes, limits.seconds))


def find_url(body: bytes) -> str:
    """Return the `url` of a JSON body; raises a Problem where there is none."""
    url = bodies.parse_json(body).get("url")
    if not isinstance(url, str) or not url:
        raise bad_request('the body names no address; send {"url": "https://..."}', target="url")
    return url

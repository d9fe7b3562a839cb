"""`/computervision/imagecomposition:rectify` and `:stitch`: photos by their addresses in, a JPEG out.

Owns the bodies, and that fetched photos are held within the room for requests. Must not know geometry.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from darkroom_server.auth.admission import Caller
from darkroom_server.http.problems import bad_request
from darkroom_server.prediction.failures import PredictionFailure
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.predicting import explain
from darkroom_server.routes.shelf import work
from darkroom_shelf.composition.photos import PhotoBounds, check_count, decode_photos, encode_jpeg
from darkroom_shelf.composition.rectifying import read_control_points, rectify

MEDIA_TYPE: Final = "image/jpeg"
"""Exactly so, with no parameters: a client compares it as text."""
_PATH: Final = f"{calls.BASE}/imagecomposition"
Compose = Callable[[Sequence[Image.Image]], Image.Image]


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return both routes."""

    async def rectify_photo(request: Request) -> Response:
        caller, body = await work.read_request(parts, request)
        with work.explained():
            points = read_control_points(body)
        urls = {"url": read_url(body.get("url"), "url")}
        return await _respond(parts, caller, urls, lambda photos: rectify(photos[0], points))

    async def stitch_photos(request: Request) -> Response:
        caller, body = await work.read_request(parts, request)
        with work.explained():
            compose = await asyncio.to_thread(_load_stitching)
            urls = list_urls(body)
        return await _respond(parts, caller, urls, compose)

    return [
        Route(f"{_PATH}:rectify", rectify_photo, methods=["POST"]),
        Route(f"{_PATH}:stitch", stitch_photos, methods=["POST"]),
    ]


def _load_stitching() -> Compose:
    """Return what joins photos; raises StitchingMissing where the extra is not installed."""
    from darkroom_shelf.composition.stitching import stitch

    return stitch


def list_urls(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses in a body by their fields: each a text, or an object with `url` as older pages have it."""
    listed = body.get("images")
    if not isinstance(listed, list):
        raise bad_request('images: it is no list; send {"images": ["https://...", ...]}', target="images")
    check_count(len(listed))
    found = {}
    for number, item in enumerate(listed):
        field = f"images[{number}]"
        found[field] = read_url(item.get("url") if isinstance(item, dict) else item, field)
    return found


def read_url(value: Any, field: str) -> str:
    """Return an address; raises a Problem where it is none."""
    if not isinstance(value, str) or not value:
        raise bad_request(f'{field}: it is no address; send "https://..."', target=field)
    return value


async def _respond(parts: Parts, caller: Caller, urls: Mapping[str, str], compose: Compose) -> Response:
    """Fetch photos and answer what is made of them, in one place of the namespace: photos that wait are held."""
    with work.explained(), parts.shelf_workers.hold_place(caller.namespace), contextlib.ExitStack() as held:
        photos: dict[str, bytes] = {}
        bounds = PhotoBounds()
        for field, url in urls.items():
            photos[field] = await _fetch(parts, caller, field, url)
            parts.room.take(len(photos[field]))
            held.callback(parts.room.give_back, len(photos[field]))
            bounds.check(field, photos[field])
        made = await parts.shelf_workers.run_in_place(
            caller.namespace, lambda: encode_jpeg(compose(decode_photos(photos)))
        )
    return Response(made, media_type=MEDIA_TYPE)


async def _fetch(parts: Parts, caller: Caller, field: str, url: str) -> bytes:
    try:
        return await parts.fetcher.fetch(caller.namespace, url)
    except PredictionFailure as failure:
        problem = explain(failure)
        if problem.target == "url":
            problem.target, problem.message = field, problem.message.replace("url:", f"{field}:", 1)
        raise problem from failure

"""`/computervision/planogramcompliance:match`, and beyond the service `:summarize`.

Owns the two bodies. Must not decide what stands where.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.shelf import work
from darkroom_shelf.compliance import measure_compliance
from darkroom_shelf.detections import DetectedObject, read_detections
from darkroom_shelf.fields import Fields
from darkroom_shelf.matching import Matching, match_planogram
from darkroom_shelf.planogram import Planogram, read_planogram

Answer = Callable[[Planogram, Sequence[DetectedObject], Matching], Mapping[str, Any]]


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return both routes, which take the same."""

    def build_route(action: str, answer: Answer) -> Route:
        async def respond(request: Request) -> Response:
            caller, body = await work.read_request(parts, request)
            with work.explained():
                found = await parts.shelf_workers.run(caller.namespace, lambda: _match(body, answer))
            return JSONResponse(found)

        return Route(f"{calls.BASE}/planogramcompliance:{action}", respond, methods=["POST"])

    return [
        build_route("match", lambda _planogram, _detected, matching: matching.to_json()),
        build_route("summarize", lambda *found: measure_compliance(*found).to_json()),
    ]


def _match(body: Mapping[str, Any], answer: Answer) -> Mapping[str, Any]:
    fields = Fields(body, "")
    planogram = read_planogram(fields.read("planogram"))
    detected = read_detections(fields.read("detectedProducts"))
    return answer(planogram, detected, match_planogram(planogram, detected))

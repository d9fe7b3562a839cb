"""Whether the server lives and can answer, for the kubelet. Needs no key; must not tell more than that."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.routes.parts import Parts


def list_routes(parts: Parts) -> list[BaseRoute]:  # noqa: ARG001 - as every module of routes
    """Return the routes of the probes."""
    return [Route("/healthz", _answer_ok), Route("/readyz", _answer_ok)]


async def _answer_ok(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return PlainTextResponse("ok")

"""What the kubelet and Prometheus ask, on a port of its own that no Ingress leads to. Needs no key."""

from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from darkroom_server.metrics import CONTENT_TYPE, ServerMetrics

READY: Final = "ok"


def build_probes(metrics: ServerMetrics, describe_state: Callable[[], str]) -> Starlette:
    """Return the application; `describe_state` returns READY, or why no request should come now."""

    async def live(_: Request) -> Response:
        return PlainTextResponse(READY)

    async def ready(_: Request) -> Response:
        state = describe_state()
        return PlainTextResponse(state, 200 if state == READY else 503)

    async def scrape(_: Request) -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/healthz", live), Route("/readyz", ready), Route("/metrics", scrape)])

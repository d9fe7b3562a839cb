"""Two HTTP ports: `/healthz` and `/readyz` for the kubelet, `/metrics` for Prometheus.

Owns the verdicts. Alive: the event loop answers, the operator's tasks work and no watch is dead (an API server that
is away is no reason to restart, nor is standing by). Ready: the store is filled and an audit passed not long ago, which
holds for a replica that stands by as well; the answer's text says which one leads.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from darkroom_operator.metrics import CONTENT_TYPE, Metrics
from darkroom_operator.watching.audit import INTERVAL_SECONDS, Audit

READY_WITHIN_SECONDS: Final = 4 * INTERVAL_SECONDS


def find_illness(audit: Audit) -> str | None:
    """Return why the process should be restarted."""
    if audit.dead_watches:
        return f"dead watches: {', '.join(audit.dead_watches)}"
    return None


def find_unreadiness(audit: Audit, now: float) -> str | None:
    """Return why the operator cannot work now. `now` is on the monotonic clock."""
    if not audit.filled:
        return "the resources are not listed yet"
    if now - audit.passed_at > READY_WITHIN_SECONDS:
        return f"the API server did not answer for {now - audit.passed_at:.0f} s"
    return find_illness(audit)


async def serve(
    audit: Audit, metrics: Metrics, leads: Callable[[], bool], health_port: int, metrics_port: int
) -> list[web.AppRunner]:
    """Open both ports; the runners are to be cleaned up at the end."""

    def name_role() -> str:
        return "leader" if leads() else "standby"

    health = web.Application()
    health.router.add_get("/healthz", _answer(lambda: find_illness(audit), name_role))
    health.router.add_get("/readyz", _answer(lambda: find_unreadiness(audit, time.monotonic()), name_role))
    scrape = web.Application()

    async def render(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    scrape.router.add_get("/metrics", render)
    return [await _open(health, health_port), await _open(scrape, metrics_port)]


def _answer(
    find: Callable[[], str | None], name_role: Callable[[], str]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request) -> web.StreamResponse:
        problem = find()
        return web.Response(status=200 if problem is None else 503, text=problem or name_role())

    return answer


async def _open(app: web.Application, port: int) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, None, port).start()
    return runner

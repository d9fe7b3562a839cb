"""Reads through the real client: which request is sent, and what each answer of an API server becomes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from bench.clusters.ports import find_free_port
from darkroom_operator.api.cluster import ClusterError, KubernetesCluster
from darkroom_operator.api.resources import JOBS, WARNINGS

Ask = Callable[[KubernetesCluster], Awaitable[Any]]


def ask(question: Ask, answer: Callable[[], web.Response]) -> tuple[Any, str]:
    """Put a question to a server that gives one answer; return what became of it, and the request's address."""
    return asyncio.run(_ask(question, lambda _request: answer()))


async def _ask(question: Ask, answer: Callable[[web.Request], web.Response]) -> tuple[Any, str]:
    asked: list[str] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(str(request.rel_url))
        return answer(request)

    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", take)
    runner, port = web.AppRunner(app), find_free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    cluster = KubernetesCluster(Configuration(host=f"http://127.0.0.1:{port}"), lambda *_: None, lambda: True)
    try:
        return await question(cluster), asked[0]
    finally:
        await cluster.close()
        await runner.cleanup()


def test_objects_are_listed_by_their_fields() -> None:
    async def list_warnings(cluster: KubernetesCluster) -> list[Any]:
        return [item async for page in cluster.list_all(WARNINGS, "vision") for item in page["items"]]

    found, asked = ask(list_warnings, lambda: web.json_response({"items": [{"reason": "FailedMount"}]}))
    assert found == [{"reason": "FailedMount"}]
    assert asked.startswith("/apis/events.k8s.io/v1/namespaces/vision/events?fieldSelector=type%3DWarning")
    assert "limit=100" in asked


def test_a_page_that_is_too_long_is_asked_for_in_smaller_ones_and_short_ones_grow() -> None:
    sizes: list[int] = []
    left = [2**20] * 12 + [10] * 400

    def answer(request: web.Request) -> web.Response:
        size = int(request.query["limit"])
        begin = int(request.query.get("continue", 0))
        items = [{"text": "x" * length} for length in left[begin : begin + size]]
        sizes.append(size)
        more = str(begin + size) if begin + size < len(left) else None
        return web.json_response({"metadata": {"continue": more}, "items": items})

    async def count(cluster: KubernetesCluster) -> list[int]:
        return [len(page["items"]) async for page in cluster.list_all(JOBS, None, metadata_only=True)]

    found = asyncio.run(_ask(count, answer))[0]
    assert sum(found) == len(left)
    assert sizes[:4] == [100, 25, 6, 1]
    assert max(sizes[-3:]) > 100
    assert all(length * 2**20 < 4 * 2**20 for length in found[:6])


DISCOVERED = {
    "a group that is served": (200, {"preferredVersion": {"version": "v1beta2"}}, "v1beta2"),
    "a group that is not": (404, {"reason": "NotFound", "message": "not found"}, None),
}


@pytest.mark.parametrize(("code", "body", "version"), DISCOVERED.values(), ids=DISCOVERED.keys())
def test_a_group_is_discovered_with_its_version(code: int, body: Any, version: str | None) -> None:
    found, asked = ask(lambda cluster: cluster.discover("kueue.x-k8s.io"), lambda: web.json_response(body, status=code))
    assert (found, asked) == (version, "/apis/kueue.x-k8s.io")


BUSY = {
    "that it is busy, and for how long": (429, {"Retry-After": "7"}, 7.0),
    "that it is busy": (503, {}, 0.0),
    "a date, which is not understood": (503, {"Retry-After": "Mon, 01 Jun 2026 12:00:00 GMT"}, 0.0),
}


@pytest.mark.parametrize(("code", "headers", "seconds"), BUSY.values(), ids=BUSY.keys())
def test_an_api_server_says(code: int, headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(ClusterError) as caught:
        ask(
            lambda cluster: cluster.discover("kueue.x-k8s.io"),
            lambda: web.Response(status=code, text="Too many requests, please try again later.", headers=headers),
        )
    assert (caught.value.status, caught.value.retry_after_seconds) == (code, seconds)

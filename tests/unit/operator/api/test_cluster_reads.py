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
    return asyncio.run(_ask(question, answer))


async def _ask(question: Ask, answer: Callable[[], web.Response]) -> tuple[Any, str]:
    asked: list[str] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(str(request.rel_url))
        return answer()

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
    assert "limit=500" in asked


def test_objects_are_found_by_their_labels() -> None:
    found, asked = ask(
        lambda cluster: cluster.find(JOBS, "vision", "a=b"),
        lambda: web.json_response({"items": [{"kind": "Job"}]}),
    )
    assert found == [{"kind": "Job"}]
    assert asked == "/apis/batch/v1/namespaces/vision/jobs?labelSelector=a%3Db&limit=500"


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

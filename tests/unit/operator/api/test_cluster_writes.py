"""The one door that every write passes: what is sent while the fence is shut, and what falls shut on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from bench.clusters.ports import find_free_port
from darkroom_operator.api.cluster import KubernetesCluster, NotLeaderError
from darkroom_operator.api.resources import JOBS, PODS

JOB = {"metadata": {"name": "a"}}
WRITES: dict[str, Callable[[KubernetesCluster], Awaitable[Any]]] = {
    "create": lambda cluster: cluster.create(JOBS, "vision", JOB),
    "patch": lambda cluster: cluster.patch(JOBS, "vision", "a", []),
    "delete": lambda cluster: cluster.delete(JOBS, "vision", "a", "uid"),
    "end": lambda cluster: cluster.delete(PODS, "vision", "a", "uid", grace_seconds=10),
}
OTHERS: dict[str, Callable[[KubernetesCluster], Awaitable[Any]]] = {
    "get": lambda cluster: cluster.get(JOBS, "vision", "a"),
    "create a lease": lambda cluster: cluster.create_lease("vision", JOB),
    "replace a lease": lambda cluster: cluster.replace_lease("vision", "a", JOB),
}


async def call(action: Callable[[KubernetesCluster], Awaitable[Any]], answers: list[bool], tmp_path: Any) -> list[str]:
    """Make a call while the fence answers so in turn, the last one for ever; return the requests that arrived."""
    arrived: list[str] = []

    async def take(request: web.Request) -> web.Response:
        await request.read()
        arrived.append(request.method)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner, port = web.AppRunner(app), find_free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        f"{{clusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:{port}'}}}}], users: [{{name: a, user: {{}}}}],"
        " contexts: [{name: a, context: {cluster: a, user: a}}], current-context: a}"
    )
    may_write = lambda: answers.pop(0) if len(answers) > 1 else answers[0]  # noqa: E731
    cluster = await KubernetesCluster.connect(str(kubeconfig), lambda _verb, _what: None, may_write)
    try:
        await action(cluster)
    except NotLeaderError:
        arrived.append("refused")
    finally:
        await cluster.close()
        await runner.cleanup()
    return arrived


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    ("answers", "arrives"),
    [([True], True), ([False], False), ([True, False], False)],
    ids=["open", "shut", "shut while a connection was awaited"],
)
def test_a_write_is_sent_only_while_the_fence_is_open(
    name: str, answers: list[bool], arrives: bool, tmp_path: Any
) -> None:
    arrived = asyncio.run(call(WRITES[name], list(answers), tmp_path))
    assert (arrived != ["refused"]) is arrives
    assert len(arrived) == 1


@pytest.mark.parametrize("name", OTHERS)
def test_reads_and_the_lease_pass_a_shut_fence(name: str, tmp_path: Any) -> None:
    assert len(asyncio.run(call(OTHERS[name], [False], tmp_path))) == 1
    assert "refused" not in asyncio.run(call(OTHERS[name], [False], tmp_path))

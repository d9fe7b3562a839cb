"""What a replica that stands by leaves out, and what it says of itself."""

import asyncio

from aiohttp import ClientSession

from bench.clusters.ports import find_free_port
from darkroom_operator.metrics import Metrics
from darkroom_operator.watching.audit import Audit
from darkroom_operator.watching.health import serve
from tests.unit.operator.workbench import Workbench


def test_one_that_stands_by_counts_no_objects(bench: Workbench) -> None:
    bench.hear()
    standby = Metrics(bench.store, lambda: False).render().decode()
    leader = Metrics(bench.store, lambda: True).render().decode()
    assert "darkroom_leader 0.0" in standby
    assert "darkroom_models{" not in standby
    assert "darkroom_leader 1.0" in leader
    assert 'darkroom_datasets{namespace="vision",phase="Ready"} 1.0' in leader


def test_both_are_ready_and_say_which_one_leads(bench: Workbench) -> None:
    assert asyncio.run(ask(bench.audit, bench, leads=True)) == [(200, "leader"), (200, "leader")]
    assert asyncio.run(ask(bench.audit, bench, leads=False)) == [(200, "standby"), (200, "standby")]


async def ask(audit: Audit, bench: Workbench, *, leads: bool) -> list[tuple[int, str]]:
    """Return what liveness and readiness answer."""
    await audit.fill()
    port = find_free_port()
    runners = await serve(audit, Metrics(bench.store), lambda: leads, port, find_free_port())
    answers = []
    async with ClientSession() as session:
        for path in ("healthz", "readyz"):
            async with session.get(f"http://127.0.0.1:{port}/{path}") as response:
                answers.append((response.status, await response.text()))
    for runner in runners:
        await runner.cleanup()
    return answers

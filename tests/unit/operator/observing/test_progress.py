"""Asking trainers how far they are: what counts as an answer, who asks, and what is forgotten."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from bench.clusters.ports import find_free_port
from darkroom_api import names
from darkroom_api.report import Meter, Progress
from darkroom_operator.api.resources import PODS, Key
from darkroom_operator.facts.views import Report
from darkroom_operator.observing.progress import MAX_BYTES, Poller
from tests.builders import stamp
from tests.unit.operator.desk import add_pod
from tests.unit.operator.workbench import MODEL, Workbench

SAID = json.dumps(Progress(percent=40, stage="Training", meter=Meter(charged_seconds=12.0)).to_json()).encode()


@pytest.mark.parametrize("leads", [True, False])
def test_only_the_leader_asks_trainers(leads: bool) -> None:
    asked: list[str] = []

    class Asked:
        """A store that notes that trainers were looked for."""

        def owners(self) -> list[Any]:
            """Return none."""
            asked.append("once")
            return []

    async def live() -> None:
        store: Any = Asked()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(Poller(store, 0.01, leads=lambda: leads).run(lambda _keys: None), 0.1)

    asyncio.run(live())
    assert bool(asked) is leads


def work(bench: Workbench, index: str | None = None, **state: Any) -> None:
    """Let the Model have a pod on this machine whose container is in this state."""
    bench.reconcile()
    statuses = [{"name": "trainer", "state": state or {"running": {"startedAt": stamp(30)}}}]
    pod = add_pod(bench.cluster, phase="Running", podIP="127.0.0.1", containerStatuses=statuses)
    if index is not None:
        pod["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": index}
        bench.cluster.add(PODS, pod)
    bench.hear()


@dataclass(frozen=True)
class Answer:
    """What a trainer answers."""

    body: bytes
    status: int = 200
    location: str | None = None


def poll(bench: Workbench, answer: Answer) -> tuple[set[Key], int | None]:
    """Ask until the trainer was asked three times, at most half a second; returns who was woken, and the percentage."""
    woken: set[Key] = set()

    async def live() -> Report | None:
        asked = asyncio.Semaphore(0)

        async def say(request: web.Request) -> web.Response:
            asked.release()
            if request.path != names.STATUS_PATH:
                return web.Response(body=SAID)
            headers = {"Location": answer.location} if answer.location else {}
            return web.Response(body=answer.body, status=answer.status, headers=headers)

        async def wait() -> None:
            for _ in range(3):
                await asked.acquire()

        app, port = web.Application(), find_free_port()
        app.router.add_get("/{path:.*}", say)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        poller = Poller(bench.store, 0.01, port)
        polling = asyncio.create_task(poller.run(woken.update))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(wait(), 0.5)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await runner.cleanup()
        owner = bench.store.owner(MODEL)
        assert owner is not None
        return poller.find_report(bench.store.pods(owner))

    found = asyncio.run(live())
    return woken, found.progress.percent if found else None


ANSWERS = {
    "its progress": (Answer(SAID), {MODEL}, 40),
    "what is no JSON": (Answer(b"busy"), set(), None),
    "JSON that is no progress": (Answer(b"[]"), set(), None),
    "more than is read": (Answer(b" " * MAX_BYTES + SAID), set(), None),
    "another address": (Answer(b"", 302, "/elsewhere"), set(), None),
}


@pytest.mark.parametrize(("answer", "woken", "percent"), ANSWERS.values(), ids=ANSWERS)
def test_a_trainer_answers(answer: Answer, woken: set[Key], percent: int | None, bench: Workbench) -> None:
    work(bench)
    assert poll(bench, answer) == (woken, percent)


def test_a_container_that_does_not_work_is_not_asked(bench: Workbench) -> None:
    work(bench, waiting={"reason": "ContainerCreating"})
    assert poll(bench, Answer(SAID)) == (set(), None)


@pytest.mark.parametrize(("index", "percent"), [("0", 40), ("1", None)])
def test_of_several_nodes_only_the_one_that_leads_is_asked(index: str, percent: int | None, bench: Workbench) -> None:
    work(bench, index)
    assert poll(bench, Answer(SAID)) == ({MODEL} if percent else set(), percent)

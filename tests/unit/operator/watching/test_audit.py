"""What an audit finds and mends, and what health and readiness make of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from darkroom_api import names
from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import EVENTS, JOBS, MODELS, Key, Resource
from darkroom_operator.observing.store import Store
from darkroom_operator.watching import audit as audit_module
from darkroom_operator.watching.audit import INTERVAL_SECONDS, WARNINGS_EVERY, Audit
from darkroom_operator.watching.health import find_illness, find_unreadiness
from tests.builders import a_model_spec, stamp
from tests.unit.operator.desk import JOB_NAME, Desk, add_event
from tests.unit.operator.fake_cluster import FakeCluster, Json
from tests.unit.operator.workbench import MODEL, Workbench


def test_an_audit_drops_what_went_unseen_and_wakes_its_owner(bench: Workbench) -> None:
    bench.reconcile()
    bench.hear()
    del bench.cluster.objects["jobs", "vision", names.child_name("fruit", "uid-fruit", 1)]
    asyncio.run(bench.audit.check())
    assert bench.store.identities(JOBS) == {}
    assert MODEL in bench.triggered


def test_an_audit_finds_a_dead_watch_only_when_news_stay_away(bench: Workbench) -> None:
    bench.hear()
    bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    asyncio.run(bench.audit.check())
    verdicts = [bench.audit.dead_watches]
    asyncio.run(bench.audit.check())
    verdicts.append(bench.audit.dead_watches)
    asyncio.run(bench.audit.check())
    verdicts.append(bench.audit.dead_watches)
    bench.audit.hear(MODELS)
    asyncio.run(bench.audit.check())
    assert [*verdicts, bench.audit.dead_watches] == [(), ("models",), ("models",), ()]


def test_what_a_dead_watch_withholds_is_listed_anew(bench: Workbench) -> None:
    bench.hear()
    bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    for _ in range(2):
        asyncio.run(bench.audit.check())
    assert bench.store.identities(MODELS)["uid-fruit"].resource_version == 900
    assert MODEL in bench.triggered


def test_who_begins_to_lead_knows_what_came_while_it_was_stopped(bench: Workbench) -> None:
    bench.hear()
    bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    asyncio.run(bench.audit.catch_up())
    assert bench.store.identities(MODELS)["uid-fruit"].resource_version == 900
    bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "901"
    asyncio.run(bench.audit.catch_up())
    assert bench.store.identities(MODELS)["uid-fruit"].resource_version == 900, "a fresh audit vouches for the watches"


@pytest.mark.parametrize(
    ("listen", "times"), [("fill", 1), ("catch_up", 1), ("check", WARNINGS_EVERY)], ids=["start", "leading", "audits"]
)
def test_a_warning_that_no_watch_told_is_listed_and_wakes_its_run(desk: Desk, listen: str, times: int) -> None:
    desk.bench.hear()
    add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    own = {"metadata": {"name": "own"}, "type": "Normal", "note": "not found", "regarding": {"uid": f"uid-{JOB_NAME}"}}
    desk.cluster.add(EVENTS, own)
    desk.bench.triggered.clear()
    for _ in range(times):
        asyncio.run(getattr(desk.bench.audit, listen)())
    assert MODEL in desk.bench.triggered
    found = desk.bench.store.warnings.find_complaint("vision", f"uid-{JOB_NAME}")
    assert found is not None
    assert found.message == "exceeded quota: team"


def test_a_busy_watch_is_not_taken_for_dead(bench: Workbench) -> None:
    for version in ("900", "901", "902"):
        bench.hear()
        bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = version
        asyncio.run(bench.audit.check())
        assert bench.audit.dead_watches == ()


def test_a_start_lists_once_wakes_what_is_not_over_and_lets_watches_go_on_from_there(bench: Workbench) -> None:
    ended = {"phase": "Succeeded", "completedAt": stamp(9)}
    bench.cluster.add(MODELS, {"metadata": {"name": "old"}, "spec": a_model_spec().to_json(), "status": ended})

    async def begin() -> list[int]:
        await bench.audit.fill()
        woken = set(bench.triggered)
        versions = [await bench.audit.begin_watch(MODELS, None)]
        bench.cluster.add(MODELS, {"metadata": {"name": "new"}, "spec": a_model_spec().to_json()})
        assert MODEL in woken
        assert not {Key("Model", "vision", name) for name in ("old", "new")} & woken
        return [*versions, await bench.audit.begin_watch(MODELS, None)]

    first, second = asyncio.run(begin())
    assert first < second, "one that begins again lists again"
    assert Key("Model", "vision", "new") in bench.triggered


def test_the_echo_of_an_own_write_is_no_news_and_shows_that_its_watch_lives(bench: Workbench) -> None:
    bench.hear()
    bench.reconcile()
    echo = bench.cluster.objects["models", "vision", "fruit"]
    bench.audit.dead_watches = ("models",)

    def take_in(event_type: str) -> bool:
        bench.triggered.clear()
        bench.audit.take_in(MODELS, event_type, echo)
        return bool(bench.triggered) or bench.store.owner(MODEL) is None

    assert not take_in("MODIFIED")
    assert find_illness(bench.audit) is None
    echo["metadata"]["resourceVersion"] = "900"
    assert take_in("MODIFIED")
    assert take_in("DELETED")


def test_what_comes_while_its_object_is_written_is_taken_in_afterwards(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "ECHO_SECONDS", 0.01)
    bench.hear()
    bench.triggered.clear()
    news = bench.cluster.objects["models", "vision", "fruit"]
    news["metadata"]["resourceVersion"] = "900"

    async def write() -> list[bool]:
        with bench.store.writing(MODEL):
            bench.audit.take_in(MODELS, "MODIFIED", news)
            told = [MODEL in bench.triggered]
            await asyncio.sleep(0.05)
            told.append(MODEL in bench.triggered)
        await asyncio.sleep(0.05)
        return [*told, MODEL in bench.triggered]

    assert asyncio.run(write()) == [False, False, True]


def test_a_list_is_tried_until_the_api_server_answers(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "FIRST_PAUSE_SECONDS", 0.01)
    bench.cluster.failures = [ClusterError(0, "ClientConnectorError", "refused"), ClusterError(404, "NotFound", "crd")]
    assert asyncio.run(bench.audit.begin_watch(MODELS, None)) > 0
    assert MODEL in bench.triggered


def test_health_tells_a_dead_watch_and_readiness_a_silent_api_server() -> None:
    cluster: Any = FakeCluster()
    audit = Audit(cluster, Store(), (), lambda _keys: None)
    assert "not listed" in str(find_unreadiness(audit, 0))
    asyncio.run(audit.fill())
    now = audit.passed_at
    assert (find_illness(audit), find_unreadiness(audit, now)) == (None, None)
    assert "did not answer" in str(find_unreadiness(audit, now + 10 * INTERVAL_SECONDS))
    audit.dead_watches = ("models",)
    assert "models" in str(find_illness(audit))


class TwoLists(FakeCluster):
    """An API server whose list of the namespace `a` is older than the one of `b`, as two caches may be."""

    async def list_all(
        self, resource: Resource, namespace: str | None, *, metadata_only: bool = False
    ) -> AsyncIterator[Json]:
        """Yield an empty page for `a`, as of before its object was made."""
        async for page in super().list_all(resource, namespace, metadata_only=metadata_only):
            yield {"metadata": {"resourceVersion": "50"}} if namespace == "a" else page


def test_an_audit_compares_an_object_with_the_list_of_its_own_namespace() -> None:
    cluster: Any = TwoLists()
    store = Store()
    audit = Audit(cluster, store, ("a", "b"), lambda _keys: None)
    store.put(MODELS, {"metadata": {"name": "m", "namespace": "a", "uid": "u", "resourceVersion": "60"}})
    asyncio.run(audit.check())
    assert store.identities(MODELS).keys() == {"u"}, "the list of `a` is too old to say that it is gone"


def test_an_object_that_cannot_be_read_is_no_sign_of_a_dead_watch(bench: Workbench) -> None:
    bench.hear()
    bench.cluster.objects["models", "vision", "fruit"] |= {"spec": ["nonsense"]}
    bench.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    bench.hear()
    for _ in range(3):
        asyncio.run(bench.audit.check())
    assert bench.audit.dead_watches == ()
    assert bench.store.unreadables.counts["Model"] == 1

"""Two operators at once: the leader is killed, stopped, or frozen for so long that the other takes over.

The API server's audit log says who wrote what. `DARKROOM_FREEZE_SECONDS=300` freezes for five minutes,
`DARKROOM_OUTAGE_SECONDS=90` takes the API server away for so long.
"""

import contextlib
import os
import pathlib
import signal
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pytest

from darkroom_operator.resources import DATASETS, JOBS, MODELS
from tests.bench.control_plane import start_control_plane
from tests.faults import actions, manifests
from tests.faults.api import NAMESPACES, Api
from tests.faults.audit_trail import AuditTrail, Write
from tests.faults.exchange import Upstream
from tests.faults.proxy import FaultProxy, Rule
from tests.faults.replicas import NAMESPACE, Replica, start_replicas, wait_until, write_proxy_kubeconfig

FREEZE_SECONDS: Final = float(os.environ.get("DARKROOM_FREEZE_SECONDS", "40"))
OUTAGE_SECONDS: Final = float(os.environ.get("DARKROOM_OUTAGE_SECONDS", "25"))
RETURNED_SECONDS: Final = 30.0
KILLED_SECONDS: Final = 20.0
STOPPED_SECONDS: Final = 8.0
pytestmark = pytest.mark.timeout(240 + FREEZE_SECONDS)


class Pair:
    """Two operators and their API server."""

    def __init__(self, api: Api, trail: AuditTrail, proxy: FaultProxy, leader: Replica, standby: Replica) -> None:
        self.api, self.trail, self.proxy, self.leader, self.standby = api, trail, proxy, leader, standby
        self._models: list[str] = []

    def create_models(self, count: int) -> list[str]:
        """Create Models; returns their names."""
        names = [f"m{len(self._models) + number:03d}" for number in range(count)]
        self._models += names
        for name in names:
            self.api.create(MODELS, NAMESPACE, manifests.build_model(name))
        return names

    def wait_taken_up(self, names: list[str], seconds: float) -> float:
        """Return after how many seconds each of these Models had its Job and said so in its status."""
        return wait_until(lambda: self._are_taken_up(names), seconds, lambda: self.standby.log)

    def statuses(self) -> dict[str, tuple[str, str]]:
        """Return version and phase of every Model."""
        items = self.api.call("GET", MODELS.path(NAMESPACE))["items"]
        versions = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in items}
        return {i["metadata"]["name"]: (versions[i["metadata"]["name"]], i["status"]["phase"]) for i in items}

    def created_jobs(self) -> list[str]:
        """Return the owner of each Job that was ever created."""
        made = [w for w in self.trail.read() if (w.verb, w.resource, w.status) == ("create", "jobs", 201)]
        assert len(made) == len(self._jobs()), "a Job is gone: the count would not tell"
        return sorted(job["metadata"]["ownerReferences"][0]["name"] for job in self._jobs())

    def writes_of(self, replica: Replica, since: datetime) -> list[Write]:
        """Return what a replica has written since then."""
        return [write for write in self.trail.read() if write.agent == replica.agent and write.at >= since]

    def expect_one_job_each(self) -> None:
        """Expect that no Model has none or two."""
        assert self.created_jobs() == sorted(self._models)

    def _jobs(self) -> list[manifests.Json]:
        items: list[manifests.Json] = self.api.call("GET", JOBS.path(NAMESPACE))["items"]
        return items

    def _are_taken_up(self, names: list[str]) -> bool:
        owners = {job["metadata"]["ownerReferences"][0]["name"] for job in self._jobs()}
        models = self.api.call("GET", MODELS.path(NAMESPACE))["items"]
        told = {model["metadata"]["name"] for model in models if model.get("status", {}).get("phase") == "Queued"}
        return set(names) <= owners & told


@pytest.fixture
def pair(tmp_path: pathlib.Path, built: None) -> Iterator[Pair]:  # noqa: ARG001  # the binaries must be there
    """Return two operators behind a proxy, one of which leads, and a Ready Dataset."""
    trail = AuditTrail(tmp_path)
    with contextlib.ExitStack() as stack:
        plane = stack.enter_context(start_control_plane(*trail.flags))
        api = Api(plane)
        api.create(NAMESPACES, None, {"metadata": {"name": NAMESPACE}})
        api.create(DATASETS, NAMESPACE, manifests.READY_DATASET)
        api.merge(DATASETS, NAMESPACE, "ready", {"status": manifests.build_ready_status()}, "status")
        context = ssl.create_default_context(cafile=api.authority)
        proxy = FaultProxy(Upstream(api.server, context, api.token))
        stack.callback(proxy.close)
        kubeconfig = write_proxy_kubeconfig(tmp_path / "proxy.kubeconfig", proxy.address)
        leader, standby = stack.enter_context(start_replicas(tmp_path, kubeconfig))
        yield Pair(api, trail, proxy, leader, standby)


def test_the_standby_takes_over_from_a_killed_leader_within_20_seconds(pair: Pair) -> None:
    pair.wait_taken_up(pair.create_models(3), 20)
    pair.leader.send(signal.SIGKILL)
    took = pair.wait_taken_up(pair.create_models(3), KILLED_SECONDS)
    print(f"SIGKILL of the leader to the Jobs of new Models: {took:.1f} s")
    pair.expect_one_job_each()


def test_the_standby_takes_over_at_once_from_a_leader_that_is_asked_to_end(pair: Pair) -> None:
    pair.wait_taken_up(pair.create_models(3), 20)
    pair.leader.send(signal.SIGTERM)
    took = pair.wait_taken_up(pair.create_models(3), STOPPED_SECONDS)
    print(f"SIGTERM to the leader to the Jobs of new Models: {took:.1f} s")
    assert pair.leader.wait(20) == 0
    pair.expect_one_job_each()


def test_a_leader_that_was_frozen_in_its_work_writes_nothing_when_it_goes_on(pair: Pair) -> None:
    pair.create_models(60)
    pair.leader.send(signal.SIGSTOP)
    frozen_at = time.monotonic()
    took = pair.wait_taken_up(pair.create_models(3), KILLED_SECONDS + 10)
    time.sleep(max(FREEZE_SECONDS - (time.monotonic() - frozen_at), 0))
    before, went_on_at = pair.statuses(), datetime.now(UTC)
    pair.leader.send(signal.SIGCONT)
    wait_until(lambda: pair.leader.role == "standby", 30, lambda: pair.leader.log)
    time.sleep(15)
    print(f"frozen for {FREEZE_SECONDS:.0f} s; the other took over after {took:.1f} s")
    assert pair.writes_of(pair.leader, went_on_at) == []
    assert pair.statuses() == before
    assert pair.standby.role == "leader"
    pair.wait_taken_up(pair.create_models(1), 10)
    pair.expect_one_job_each()


def test_both_outlive_an_api_server_that_is_away_for_longer_than_the_lease(pair: Pair) -> None:
    pair.wait_taken_up(pair.create_models(3), 20)
    pair.proxy.add(Rule(actions.answer(503)))
    pair.proxy.cut_watches()
    time.sleep(OUTAGE_SECONDS)
    assert [replica.health for replica in (pair.leader, pair.standby)] == [200, 200], "a restart would not help"
    assert "leader" not in (pair.leader.role, pair.standby.role), "nobody may write on a lease that nobody renews"
    pair.proxy.clear()
    returned_at = time.monotonic()
    pair.wait_taken_up(pair.create_models(3), RETURNED_SECONDS)
    took = time.monotonic() - returned_at
    print(f"503 for {OUTAGE_SECONDS:.0f} s; from the API server's return to the Jobs of new Models: {took:.1f} s")
    pair.expect_one_job_each()

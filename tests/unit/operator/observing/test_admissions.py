"""How often Workloads are listed, whatever the number of Jobs that wait; on a clock of the test's own."""

import asyncio
from dataclasses import replace
from typing import Any, Final

import pytest

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Resource
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.findings import WorkloadFinding
from darkroom_operator.facts.reading import parse_job
from darkroom_operator.observing import admissions as admissions_module
from darkroom_operator.observing.admissions import Admissions
from tests.unit.operator.fake_cluster import FakeCluster
from tests.unit.operator.objects import a_child

WORKLOADS: Final = Resource("kueue.x-k8s.io", "v1beta2", "workloads", "Workload")


class Waiting:
    """Jobs that wait in one namespace, and who asks about them."""

    def __init__(self) -> None:
        self.cluster, self.seconds = FakeCluster(), 0.0
        cluster: Any = self.cluster
        self.admissions = Admissions(cluster, lambda: self.seconds)

    def hold(self, job_uid: str, message: str = "no quota") -> None:
        """Let Kueue make the Workload of a Job, or say something else of it."""
        pending = {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": message}
        metadata = {"name": f"w-{job_uid}", "labels": {"kueue.x-k8s.io/job-uid": job_uid}}
        self.cluster.add(WORKLOADS, {"metadata": metadata, "status": {"conditions": [pending]}})

    def find(self, job_uid: str = "j0", namespace: str = "vision") -> tuple[WorkloadFinding | None, float]:
        """Ask about a Job."""
        job: ObservedJob = replace(parse_job(a_child(1, job_uid)), namespace=namespace)
        return asyncio.run(self.admissions.find(job, "v1beta2"))

    @property
    def lists(self) -> int:
        """Return how often the API server was asked."""
        return len(self.cluster.reads)


def test_a_thousand_jobs_that_wait_in_a_namespace_are_one_read() -> None:
    waiting = Waiting()
    for number in range(1000):
        waiting.hold(f"j{number}", f"behind {number} others")
    found = [waiting.find(f"j{number}") for number in range(1000)]
    assert found[7] == (WorkloadFinding("w-j7", "Pending: behind 7 others"), 10.0)
    assert waiting.lists == 1


def test_a_list_that_brings_no_news_holds_twice_as_long_as_the_last_and_at_most_a_minute() -> None:
    waiting = Waiting()
    waiting.hold("j0")
    listed = []
    for waiting.seconds in range(300):
        before = waiting.lists
        waiting.find()
        listed += [waiting.seconds] * (waiting.lists - before)
    assert listed == [0, 10, 30, 70, 130, 190, 250]


def test_news_are_told_and_looked_for_sooner_again() -> None:
    waiting = Waiting()
    waiting.hold("j0")
    for waiting.seconds in (0, 10, 30):
        waiting.find()
    waiting.hold("j0", "another is first")
    waiting.seconds = 70
    assert waiting.find() == (WorkloadFinding("w-j0", "Pending: another is first"), 10.0)


def test_a_job_that_is_new_is_looked_for_soon_and_one_that_kueue_leaves_alone_ever_less_often() -> None:
    waiting = Waiting()
    waiting.hold("j0")
    waiting.find()
    waiting.seconds = 1
    assert waiting.find("new") == (None, 2.0)
    waiting.hold("new")
    waiting.seconds = 3
    assert waiting.find("new")[0] == WorkloadFinding("w-new", "Pending: no quota")
    before = waiting.lists
    for waiting.seconds in range(3, 603):
        waiting.find("alone")
    assert waiting.lists - before <= 15


def test_a_workload_that_cannot_be_read_hides_no_other() -> None:
    waiting = Waiting()
    waiting.hold("j0")
    waiting.cluster.add(
        WORKLOADS, {"metadata": {"name": "odd", "labels": {"kueue.x-k8s.io/job-uid": "j1"}}, "spec": []}
    )
    assert waiting.find()[0] == WorkloadFinding("w-j0", "Pending: no quota")


def test_a_list_that_fails_is_tried_at_the_next_question() -> None:
    waiting = Waiting()
    waiting.hold("j0")
    waiting.cluster.failures = [ClusterError(503, "ServiceUnavailable", "later")]
    with pytest.raises(ClusterError):
        waiting.find()
    assert waiting.find()[0] is not None


def test_only_so_many_namespaces_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admissions_module, "MAX_REMEMBERED", 2)
    waiting = Waiting()
    for number in range(7):
        waiting.find(namespace=f"n{number}")
    kept: Any = vars(waiting.admissions)["_known"]
    assert len(kept) <= 2

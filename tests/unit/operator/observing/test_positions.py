"""Where runs stand in their queues: few reads, and none that fails is repeated soon."""

import asyncio
from typing import Any, Final

import pytest

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Resource
from darkroom_operator.facts.findings import Position
from darkroom_operator.observing.positions import ABSENT_SECONDS, POSITIONS_SECONDS, Positions
from tests.unit.operator.fake_cluster import FakeCluster

GROUP: Final = "visibility.kueue.x-k8s.io"
PENDING: Final = Resource(GROUP, "v1beta2", "localqueues/pendingworkloads", "PendingWorkloadsSummary")
READ: Final = "localqueues/pendingworkloads"
HOUR: Final = 3600


class Queue:
    """A queue in which Jobs wait, and somebody who asks for their positions, with a clock of their own."""

    def __init__(self, served: bool = True) -> None:
        self.cluster, self.seconds = FakeCluster(), 0.0
        if served:
            self.cluster.groups[GROUP] = "v1beta2"
        cluster: Any = self.cluster
        self.positions = Positions(cluster, lambda: self.seconds)

    def wait(self, *jobs: str) -> None:
        """Let these Jobs wait, in this order, behind one of another LocalQueue."""
        items = [
            {
                "metadata": {"ownerReferences": [{"uid": job}]},
                "positionInLocalQueue": position,
                "positionInClusterQueue": position + 1,
            }
            for position, job in enumerate(jobs)
        ]
        self.cluster.add(PENDING, {"metadata": {"name": "team"}, "items": items})

    def find(self, job: str = "job-1") -> Position | None:
        """Ask where a Job stands."""
        return asyncio.run(self.positions.find("vision", "team", job))

    def ask_for(self, seconds: int, job: str = "job-1") -> int:
        """Ask every ten seconds for so long; returns how many calls that made."""
        self.cluster.reads.clear()
        for _ in range(seconds // 10):
            self.find(job)
            self.seconds += 10
        return len(self.cluster.reads)


def test_a_job_is_told_its_place_in_both_queues() -> None:
    queue = Queue()
    queue.wait("job-7", "job-1")
    assert queue.find("job-1") == Position(2, 3)
    assert queue.find("job-9") is None


def test_a_thousand_jobs_in_one_queue_are_one_question_in_half_a_minute() -> None:
    queue = Queue()
    queue.wait(*(f"job-{number}" for number in range(1000)))
    assert [queue.find(f"job-{number}") for number in range(1000)] == [Position(n + 1, n + 2) for n in range(1000)]
    assert queue.cluster.reads == [("apis", GROUP), (READ, "team")]
    queue.wait("job-1")
    queue.seconds = POSITIONS_SECONDS
    assert queue.find() == Position(1, 2)


def test_an_api_that_is_absent_is_asked_for_less_and_less_often_and_found_later() -> None:
    queue = Queue(served=False)
    assert queue.ask_for(4 * HOUR) <= 4 * HOUR / ABSENT_SECONDS[1] + 5
    queue.cluster.groups[GROUP] = "v1beta2"
    queue.wait("job-1")
    queue.seconds += ABSENT_SECONDS[1]
    assert queue.find() == Position(1, 2)


FAILURES = {
    "a server that is down": ClusterError(503, "ServiceUnavailable", "no endpoints"),
    "a right that is missing": ClusterError(403, "Forbidden", "may not get localqueues/pendingworkloads"),
    "an answer that never comes": ClusterError(0, "TimeoutError", "GET"),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_nothing_is_told_and_no_storm_raised_for(failure: ClusterError) -> None:
    queue = Queue()
    queue.wait("job-1")
    queue.cluster.failures = [failure] * 1000
    assert queue.find() is None
    assert queue.ask_for(HOUR) <= HOUR / ABSENT_SECONDS[0] / 4
    queue.cluster.failures = []
    queue.seconds += ABSENT_SECONDS[1]
    assert queue.find() == Position(1, 2)


def test_a_queue_that_kueue_does_not_know_says_nothing_and_leaves_others_alone() -> None:
    queue = Queue()
    assert queue.find() is None
    assert queue.cluster.reads == [("apis", GROUP), (READ, "team")]
    assert queue.ask_for(60) == 1


def test_an_answer_of_another_form_says_nothing() -> None:
    queue = Queue()
    queue.cluster.add(PENDING, {"metadata": {"name": "team"}, "items": [{"metadata": None}]})
    assert queue.find() is None

"""What the pods of an attempt held, each once whatever clocks, queues and lost nodes do."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_operator.decide.holdings import observe_pods, sum_allocated
from tests.builders import a_pod, a_report, a_running_pod, an_attempt, an_ended_pod, at, observed


def observe(attempt: Any, *pods: Any, report: Any = None, rate: float = 2.0, now: float = 60) -> Any:
    """Observe an attempt's pods at a rate of 2 with a deadline of 100 s."""
    return observe_pods(attempt, pods, rate, 100, observed("Model", "fruit", None, None, report=report, now=at(now)))


HELD = {
    "nothing before the container starts": (an_attempt(), a_pod(), None, None),
    "nothing while nobody told anything": (an_attempt(), a_running_pod(), None, 0.0),
    "up to the trainer's last answer": (an_attempt(), a_running_pod(started=30), a_report(polled=45), 30.0),
    "exactly what the kubelet says of the end": (
        an_attempt(allocated_seconds=90, pod_uid="pod-1"), an_ended_pod(0, started=30, finished=50), None, 40.0,
    ),
    "no less than before when the operator's clock is set back": (
        an_attempt(allocated_seconds=24, pod_uid="pod-1"), a_running_pod(started=30), a_report(polled=10), 24.0,
    ),
    "no more than the deadline when the operator's clock jumps ahead": (
        an_attempt(), a_running_pod(started=30), a_report(polled=99_000), 200.0,
    ),
    "no less than before when the node's clock is set back": (
        an_attempt(allocated_seconds=24, pod_uid="pod-1"), an_ended_pod(0, started=30, finished=20), None, 24.0,
    ),
    "never less than nothing": (an_attempt(), an_ended_pod(0, started=30, finished=20), None, 0.0),
    "what was counted before a pod vanished": (
        an_attempt(allocated_seconds=24, pod_uid="pod-1"), a_running_pod(started=30, gone=True), None, 24.0,
    ),
    "up to when a lost pod should have ended": (
        an_attempt(), a_running_pod(started=30, deleted_at=at(55)), None, 50.0,
    ),
    "nothing for another pod's answer": (
        an_attempt(), a_running_pod(started=30), a_report(polled=45, pod_uid="other"), 0.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attempt", "pod", "report", "held"), HELD.values(), ids=HELD.keys())
def test_an_attempt_held(attempt: Any, pod: Any, report: Any, held: float | None) -> None:
    seen = observe(attempt, pod, report=report)
    assert seen.allocated_seconds == held
    assert observe(seen, pod, report=report) == seen


FIRST = an_ended_pod(143, started=10, finished=20, uid="pod-1", created_at=at(5))
SECOND = an_ended_pod(0, started=40, finished=55, uid="pod-2", created_at=at(30))


def test_pods_of_one_job_are_added_up_however_often_they_are_seen() -> None:
    attempt = an_attempt()
    for _ in range(3):
        attempt = observe(attempt, FIRST)
    for _ in range(3):
        attempt = observe(attempt, FIRST, SECOND)
    for _ in range(3):
        attempt = observe(attempt, SECOND)
    assert (attempt.allocated_seconds, attempt.earlier_pods_seconds, attempt.pod_uid) == (50.0, 20.0, "pod-2")


def test_an_operator_that_slept_adds_up_the_pods_that_it_still_finds() -> None:
    assert observe(an_attempt(), FIRST, SECOND).allocated_seconds == 50.0


def test_an_earlier_pod_that_ended_while_nobody_looked_is_counted_to_its_end() -> None:
    early = observe(an_attempt(), a_running_pod(started=10, uid="pod-1"), report=a_report(polled=12))
    assert early.allocated_seconds == 4.0
    assert observe(early, FIRST, SECOND).allocated_seconds == 50.0


def test_an_earlier_pod_that_is_gone_keeps_what_was_counted() -> None:
    early = observe(an_attempt(), a_running_pod(started=10, uid="pod-1"), report=a_report(polled=18))
    assert observe(early, SECOND).allocated_seconds == 16.0 + 30.0


def test_a_pod_older_than_one_that_was_counted_and_is_gone_is_not_counted_again() -> None:
    counted = an_attempt(pod_uid="pod-between", allocated_seconds=16)
    assert observe(counted, FIRST, SECOND).allocated_seconds == 16.0 + 30.0


def test_the_total_remembers_attempts_that_the_list_has_dropped() -> None:
    before = (an_attempt(2, Reason.SUSPENDED, allocated_seconds=30), an_attempt(3, allocated_seconds=5))
    after = (an_attempt(3, allocated_seconds=9),)
    total = sum_allocated(before, (*before[:1], *after), 100)
    assert total == 104
    assert sum_allocated((*before[:1], *after), (*before[:1], *after), total) == total


def a_worker(index: int = 1, **changes: Any) -> Any:
    """Return a pod of another index whose container works since second 30."""
    return a_running_pod(**{"uid": f"worker-{index}", "index": index, **changes})


def an_ended_worker(index: int = 1, finished: float = 50, **changes: Any) -> Any:
    """Return one whose container has worked from second 30 on."""
    return an_ended_pod(0, finished=finished, uid=f"worker-{index}", index=index, **changes)


LEADING = a_running_pod(started=30)
SPREAD: dict[str, tuple[tuple[Any, ...], Any, float | None]] = {
    "nothing before a container starts": ((a_pod(), a_pod(uid="worker-1", index=1)), None, None),
    "each worker up to the last answer of the pod that leads": ((LEADING, a_worker(1), a_worker(2)), 45, 3 * 30.0),
    "a worker that started after that answer not yet": ((LEADING, a_worker(started=50)), 45, 30.0),
    "a worker that ended exactly": ((LEADING, an_ended_worker(finished=35)), 45, 30.0 + 10.0),
    "a worker that waits for its node not at all": ((LEADING, a_pod(uid="worker-1", index=1)), 45, 30.0),
    "every worker to the end of the pod that led it": (
        (an_ended_pod(0, started=30, finished=50), a_worker(1), a_worker(2)), None, 3 * 40.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pods", "polled", "held"), SPREAD.values(), ids=SPREAD.keys())
def test_an_attempt_on_several_nodes_held(pods: Any, polled: Any, held: float | None) -> None:
    report = a_report(polled=polled) if polled is not None else None
    seen = observe(an_attempt(nodes=3), *pods, report=report)
    assert seen.allocated_seconds == held
    assert observe(seen, *pods, report=report) == seen
    assert seen.pod_uid in ("pod-1", None)


def test_a_worker_that_is_gone_keeps_what_was_counted_once() -> None:
    both = observe(an_attempt(nodes=2), LEADING, a_worker(), report=a_report(polled=45))
    assert both.worker_seconds == {"worker-1": 30.0}
    vanished = observe(both, LEADING, a_worker(gone=True), report=a_report(polled=55))
    assert vanished.allocated_seconds == 50.0 + 30.0
    for _ in range(2):
        vanished = observe(vanished, LEADING, report=a_report(polled=55))
        assert (vanished.allocated_seconds, vanished.worker_seconds) == (80.0, None)
        assert vanished.earlier_pods_seconds == 30.0


def test_pods_that_a_queue_has_brought_back_are_added_to_those_it_took() -> None:
    first = (a_running_pod(started=10, created_at=at(5)), a_worker(started=10))
    taken = (FIRST, an_ended_worker(finished=20, started=10))
    attempt = observe(an_attempt(nodes=2), *first, report=a_report(polled=18))
    attempt = observe(attempt, *taken)
    assert attempt.allocated_seconds == 20.0 + 20.0
    again = (SECOND, an_ended_worker(2, started=40, finished=55))
    for _ in range(2):
        attempt = observe(attempt, *taken, *again)
        assert attempt.allocated_seconds == 40.0 + 60.0
    for _ in range(2):
        attempt = observe(attempt, *again)
        assert attempt.allocated_seconds == 40.0 + 60.0


def test_a_run_on_one_node_writes_nothing_of_workers() -> None:
    attempt = observe(an_attempt(), LEADING, a_worker(), report=a_report(polled=45))
    assert (attempt.allocated_seconds, attempt.worker_seconds, attempt.nodes) == (30.0, None, None)

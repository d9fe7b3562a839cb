"""What the pods of an attempt held, each once whatever clocks, queues and lost nodes do, and which are ended."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_operator.decide.attempts import observe_pods, sum_allocated
from darkroom_operator.decide.model import decide_model
from tests.builders import (
    a_config,
    a_job,
    a_model_status,
    a_model_view,
    a_pod,
    a_report,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_outcome,
    at,
    observed,
)


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


LINGERING = an_ended_pod(0, an_outcome(), finished=50, phase="Running")
"""Its trainer has ended, and a container that somebody injected has not."""


def test_a_pod_that_an_injected_container_keeps_alive_is_ended_soon_after_its_trainer() -> None:
    ended = decide_model(
        a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(LINGERING,), now=at(51)), a_config()
    )
    assert (ended.status.phase, ended.stop) == (RunPhase.SUCCEEDED, ())
    assert ended.requeue_after_seconds is not None
    assert ended.requeue_after_seconds <= 10
    later = decide_model(a_model_view(status=ended.status, jobs=(a_job(),), pods=(LINGERING,), now=at(61)), a_config())
    assert (later.status, later.stop, later.end) == (ended.status, (a_job(),), (LINGERING,))


@pytest.mark.parametrize(
    ("dies_at", "is_ended"), [(661, True), (77, True), (72, False), (20, False)],
    ids=["in ten minutes", "in 16 s", "in 11 s", "long ago, on a node that answers no more"],
)  # fmt: skip
def test_a_pod_that_dies_only_after_a_long_grace_period_is_ended_though_its_job_is_deleted(
    dies_at: int, is_ended: bool
) -> None:
    pod = an_ended_pod(0, an_outcome(), finished=50, phase="Running", deleted_at=at(dies_at))
    status = decide_model(
        a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(51)), a_config()
    ).status
    seen = a_model_view(status=status, jobs=(a_job(deleting=True),), pods=(pod,), now=at(61))
    later = decide_model(seen, a_config())
    assert (later.stop, later.end) == ((), (pod,) if is_ended else ())


def test_a_pod_that_ended_with_its_trainer_keeps_its_job_and_its_log() -> None:
    pod = an_ended_pod(0, an_outcome(), finished=50)
    ended = decide_model(
        a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(51)), a_config()
    )
    later = decide_model(a_model_view(status=ended.status, jobs=(a_job(),), pods=(pod,), now=at(500)), a_config())
    assert (ended.requeue_after_seconds, later.stop) == (None, ())

"""Which pods and Jobs of an attempt that has ended are ended with it, and by which pod an attempt is judged."""

from typing import Any

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_api.v1alpha1.common import Allocation
from darkroom_operator.decide.model import decide_model
from tests.builders import (
    a_config,
    a_job,
    a_model_spec,
    a_model_status,
    a_model_view,
    a_pod,
    a_report,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_outcome,
    at,
)

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


SPREAD = a_model_status(
    an_attempt(nodes=3, devices=1, milli_rate=1000),
    allocation=Allocation(
        class_name="gpu", devices=1, nodes=3, min_nodes=2, milli_rate=1000, deadline_seconds=1050
    ),
)  # fmt: skip
INDEXED = a_job(indexed=True, parallelism=3)
LEADING = a_running_pod(started=30, created_at=at(20))
ENDED_LEADING = an_ended_pod(0, an_outcome(), started=30, finished=50, created_at=at(20))
WORKERS = tuple(a_running_pod(uid=f"worker-{index}", index=index, created_at=at(20)) for index in (1, 2))


def decide_spread(status: Any, job: Any, *pods: Any, now: float = 60, **seen: Any) -> Any:
    """Decide about a Model on three nodes."""
    spec = a_model_spec(compute={"nodes": 3, "minNodes": 2})
    jobs = (job,) if job is not None else ()
    return decide_model(a_model_view(spec, status, jobs=jobs, pods=pods, now=at(now), **seen), a_config())


LOST = {
    "killed": an_ended_pod(137, "step 12", uid="worker-1", index=1, created_at=at(22)),
    "deleted": a_running_pod(uid="worker-1", index=1, deleted_at=at(-300), created_at=at(22)),
    "gone": a_running_pod(uid="worker-1", index=1, gone=True, created_at=at(22)),
    "evicted before its start": a_pod(uid="worker-1", index=1, phase="Failed", reason="Evicted", created_at=at(22)),
    "ended with a report": an_ended_pod(0, an_outcome(), uid="worker-1", index=1, created_at=at(22)),
    "of an index that nobody can tell": an_ended_pod(1, uid="worker-1", index=-1, created_at=at(22)),
}


@pytest.mark.parametrize("worker", LOST.values(), ids=LOST.keys())
def test_a_worker_that_is_lost_ends_no_attempt(worker: Any) -> None:
    decision = decide_spread(SPREAD, INDEXED, LEADING, worker, WORKERS[1], report=a_report(polled=59))
    assert (decision.status.phase, decision.stop) == (RunPhase.TRAINING, ())
    assert decision.status.attempts[0].outcome is None
    assert decision.status.attempts[0].node == "node0"


def test_the_pod_of_index_0_ends_the_attempt_though_workers_still_work() -> None:
    ended = decide_spread(SPREAD, INDEXED, ENDED_LEADING, *WORKERS, now=51)
    assert (ended.status.phase, ended.stop, ended.end) == (RunPhase.SUCCEEDED, (), ())
    attempt = ended.status.attempts[0]
    assert (attempt.exit_code, attempt.allocated_seconds, attempt.worker_seconds) == (0, 60.0, None)
    assert ended.status.budget is not None
    assert ended.status.budget.allocated_seconds == 60.0
    assert ended.requeue_after_seconds is not None
    assert ended.requeue_after_seconds <= 30


@pytest.mark.parametrize("worker", [WORKERS[0], a_pod(uid="worker-1", index=1)], ids=["works", "waits for a node"])
def test_workers_that_nobody_leads_any_more_go_within_a_minute(worker: Any) -> None:
    status = decide_spread(SPREAD, INDEXED, ENDED_LEADING, worker, now=51).status
    assert decide_spread(status, INDEXED, ENDED_LEADING, worker, now=79).stop == ()
    later = decide_spread(status, INDEXED, ENDED_LEADING, worker, now=80)
    assert (later.stop, later.end) == ((INDEXED,), (worker,))


def test_workers_that_ended_by_themselves_leave_the_job_and_its_log() -> None:
    ended = tuple(an_ended_pod(0, uid=f"worker-{index}", index=index, finished=52) for index in (1, 2))
    status = decide_spread(SPREAD, INDEXED, ENDED_LEADING, *ended, now=55).status
    later = decide_spread(status, INDEXED, ENDED_LEADING, *ended, now=500)
    assert (later.stop, later.requeue_after_seconds) == ((), None)


def test_what_a_queue_admitted_is_how_many_nodes_an_attempt_has() -> None:
    held = decide_spread(SPREAD, a_job(indexed=True, parallelism=3, suspended=True))
    assert held.status.attempts[0].nodes == 3
    admitted = decide_spread(SPREAD, a_job(indexed=True, parallelism=2), LEADING, WORKERS[0])
    assert admitted.status.attempts[0].nodes == 2

"""A run on several nodes from its Job to its training: what it says until enough have joined, and when it has begun."""

from typing import Any, Final

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.report import Meter, Progress
from darkroom_api.run_config import JOIN_SECONDS
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.steps import WAITING_SECONDS, Decision
from darkroom_operator.facts.findings import Findings
from darkroom_operator.facts.views import Report
from tests.builders import (
    a_config,
    a_job,
    a_model_spec,
    a_model_status,
    a_model_view,
    a_pod,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_observed_dataset,
    an_outcome,
    at,
)

CONFIG: Final = a_config(computeClasses={"gpu": {"maxNodes": 8}, "cpu": {"milliRate": 100}})
SPEC: Final = a_model_spec(compute={"nodes": 4, "minNodes": 3})
IMAGES: Final = an_observed_dataset(images=10_000)
JOB: Final = a_job(indexed=True, parallelism=4)
LEADING: Final = a_running_pod(started=30)


def decide(status: Any, *pods: Any, now: float = 60, job: Any = JOB, **seen: Any) -> Decision[ModelStatus]:
    """Decide about a Model on four nodes, of which three are enough."""
    jobs = (job,) if job is not None else ()
    return decide_model(a_model_view(SPEC, status, dataset=IMAGES, jobs=jobs, pods=pods, now=at(now), **seen), CONFIG)


def an_answer(nodes: int | None, waits: bool, charged: float = 0.0, polled: float = 45) -> Report:
    """Return what the pod of index 0 says."""
    meter = Meter(charged_seconds=charged)
    return Report("pod-1", Progress(percent=1, stage="x", nodes=nodes, waits_for_nodes=waits, meter=meter), at(polled))


OPENED: Final = decide_model(a_model_view(SPEC, dataset=IMAGES), CONFIG).status
WAITS: dict[str, tuple[Report | None, int]] = {
    "before it has answered": (None, 1),
    "while two have joined": (an_answer(2, waits=True), 2),
    "before it knows itself": (an_answer(None, waits=True), 1),
}


@pytest.mark.parametrize(("report", "joined"), WAITS.values(), ids=WAITS.keys())
def test_a_run_whose_first_container_works_waits_for_its_nodes(report: Report | None, joined: int) -> None:
    decision = decide(OPENED, LEADING, report=report)
    assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, Reason.WAITING_FOR_NODES)
    have = "has" if joined == 1 else "have"
    assert (decision.status.message or "").startswith(
        f"{joined} of 4 nodes {have} joined; the training begins with at least 3, and nothing is charged before."
    )
    assert decision.status.progress is None
    assert decision.requeue_after_seconds == WAITING_SECONDS
    assert decision.status.budget is not None
    assert decision.status.budget.charged_seconds == 0


def test_it_trains_once_enough_have_joined_and_says_how_many() -> None:
    waiting = decide(OPENED, LEADING, report=an_answer(2, waits=True)).status
    status = decide(waiting, LEADING, report=an_answer(3, waits=False, charged=9.0, polled=60)).status
    assert (status.phase, status.reason) == (RunPhase.TRAINING, Reason.TRAINING)
    assert status.progress is not None
    assert status.progress.nodes == 3
    assert status.budget is not None
    assert status.budget.charged_seconds == 9


def test_a_new_operator_takes_a_run_that_trains_for_one_that_trains() -> None:
    training = decide(OPENED, LEADING, report=an_answer(4, waits=False)).status
    assert decide(training, LEADING).status.phase is RunPhase.TRAINING


def test_a_trainer_that_nobody_can_ask_has_begun_after_the_time_to_join() -> None:
    early = decide(OPENED, LEADING, now=29 + JOIN_SECONDS).status
    assert early.reason is Reason.WAITING_FOR_NODES
    assert decide(early, LEADING, now=30 + JOIN_SECONDS).status.phase is RunPhase.TRAINING


def test_what_keeps_nodes_from_meeting_is_told() -> None:
    found = Findings(refused_node_object="compute.nodes: no Service.")
    assert "compute.nodes: no Service." in (decide(OPENED, LEADING, found=found).status.message or "")


def test_until_its_own_container_works_a_run_says_what_that_one_waits_for() -> None:
    worker = a_running_pod(uid="worker-1", index=1)
    status = decide(OPENED, a_pod(sandbox_ready=True), worker).status
    assert (status.phase, status.reason) == (RunPhase.QUEUED, Reason.PULLING_IMAGE)


def test_too_few_nodes_are_tried_again_for_free_after_a_pause() -> None:
    said = an_outcome(Reason.WAITING_FOR_NODES, "2 of 4 nodes joined within 300 s; at least 3 are needed", charged=0)
    ended = decide(OPENED, an_ended_pod(81, said, started=30, finished=330), now=331)
    assert (ended.status.phase, ended.status.reason) == (RunPhase.QUEUED, Reason.WAITING_FOR_NODES)
    assert (ended.status.message or "").startswith("2 of 4 nodes joined within 300 s; at least 3 are needed. Attempt 2")
    assert ended.status.attempts[0].free is True
    assert ended.start is None
    again = decide(ended.status, job=JOB, now=360)
    assert again.start == 2
    assert again.status.budget is not None
    assert (again.status.budget.charged_seconds, again.status.budget.allocated_seconds) == (0, 300)


def test_the_next_attempt_waits_until_the_last_ones_workers_have_left_their_places() -> None:
    ended = an_ended_pod(81, an_outcome(Reason.WAITING_FOR_NODES, "too few", charged=0), started=30, finished=330)
    worker = a_pod(uid="worker-1", index=1, unschedulable="no room")
    status = decide(OPENED, ended, worker, now=331).status
    held = decide(status, ended, worker, now=352)
    assert (held.start, held.stop, held.status.reason) == (None, (JOB,), Reason.SCHEDULING)
    assert held.status.message == f"Attempt 2 follows once Job `{JOB.name}`, which is being deleted, is gone."
    going = decide(held.status, ended, worker, job=a_job(indexed=True, deleting=True), now=353)
    assert (going.start, going.stop) == (None, ())
    assert decide(going.status, ended, job=None, now=356).start == 2


def test_a_run_whose_nodes_never_meet_is_given_up_as_one_that_never_started() -> None:
    said = an_outcome(Reason.WAITING_FOR_NODES, "1 of 4 nodes joined within 300 s", charged=0)
    first = an_attempt(1, Reason.WAITING_FOR_NODES, nodes=4, free=True)
    status = a_model_status(first, an_attempt(2, nodes=4), allocation=OPENED.allocation)
    pod = an_ended_pod(81, said, attempt=2, started=3400, finished=3700)
    end = decide(status, pod, job=a_job(2, indexed=True), now=3701).status
    assert (end.phase, end.reason) == (RunPhase.FAILED, Reason.START_TIMEOUT)
    assert end.message == "1 of 4 nodes joined within 300 s. It happened 2 times, and no attempt is left."


RINGS: dict[str, tuple[Report | None, int]] = {
    "all four": (an_answer(4, waits=False), 600 // 4 + 450),
    "one that is left of them": (an_answer(1, waits=False), 600 + 450),
}


@pytest.mark.parametrize(("report", "seconds"), RINGS.values(), ids=RINGS.keys())
def test_the_job_is_deleted_where_it_works_longer_than_its_budget_allows_for(report: Any, seconds: int) -> None:
    status = decide(OPENED, LEADING, report=report).status
    assert decide(status, LEADING, report=report, now=30 + seconds - 1).stop == ()
    assert decide(status, LEADING, report=report, now=30 + seconds).stop == (JOB,)

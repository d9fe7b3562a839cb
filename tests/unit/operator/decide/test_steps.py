"""A run that a queue evicts, or that a user suspends: never two pods at once, nothing lost, nothing charged."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.steps import Decision
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
    stamp,
)

DISRUPTED = Reason.RETRYING_AFTER_DISRUPTION
SPEC = a_model_spec(queue="team-a")
EVICTED = an_ended_pod(143, an_outcome(DISRUPTED, charged=25), started=10, finished=40, created_at=at(5), uid="pod-a")


def decide(status: Any, job: Any, *pods: Any, spec: Any = SPEC, now: float = 60, **seen: Any) -> Decision[ModelStatus]:
    """Decide about a Model in a queue."""
    jobs = (job,) if job is not None else ()
    return decide_model(a_model_view(spec, status, jobs=jobs, pods=pods, now=at(now), **seen), a_config())


def test_an_attempt_that_its_queue_evicts_goes_on_as_the_same_attempt() -> None:
    status = decide(
        a_model_status(an_attempt()), a_job(active_since=at(4)), a_running_pod(started=10, uid="pod-a")
    ).status
    evicted = decide(status, a_job(suspended=True, active_since=at(4)), EVICTED)
    assert (evicted.start, evicted.stop) == (None, ())
    assert (evicted.status.phase, evicted.status.reason) == (RunPhase.QUEUED, Reason.WAITING_FOR_QUOTA)
    assert evicted.status.budget is not None
    assert (evicted.status.budget.charged_seconds, evicted.status.budget.allocated_seconds) == (25, 30)

    resumed = a_job(active_since=at(100))
    waiting = decide(evicted.status, resumed, EVICTED, now=101)
    assert (waiting.status.phase, waiting.start) == (RunPhase.QUEUED, None)

    second = a_running_pod(started=110, uid="pod-b", created_at=at(101))
    report = a_report(charged=30, polled=120, pod_uid="pod-b")
    running = decide(waiting.status, resumed, EVICTED, second, now=120, report=report)
    assert running.status.phase is RunPhase.TRAINING
    assert running.status.budget is not None
    assert (running.status.budget.charged_seconds, running.status.budget.allocated_seconds) == (30, 40)

    done = an_ended_pod(0, an_outcome(charged=500), started=110, finished=150, uid="pod-b", created_at=at(101))
    ended = decide(running.status, a_job(active_since=at(100), finished_at=at(151)), done, now=152).status
    assert ended.phase is RunPhase.SUCCEEDED
    assert [attempt.number for attempt in ended.attempts] == [1]
    assert ended.budget is not None
    assert (ended.budget.charged_seconds, ended.budget.allocated_seconds) == (500, 70)


SET_ASIDE = {
    "stopped with a checkpoint": EVICTED,
    "killed after its grace": an_ended_pod(137, deleted_at=at(39), created_at=at(5)),
    "deleted and silent": a_running_pod(deleted_at=at(-300), created_at=at(5)),
    "never started": a_pod(phase="Failed", reason="Terminated", created_at=at(5)),
}


@pytest.mark.parametrize("pod", SET_ASIDE.values(), ids=SET_ASIDE.keys())
def test_a_pod_that_a_queue_set_aside_ends_no_attempt(pod: Any) -> None:
    decision = decide(a_model_status(an_attempt()), a_job(suspended=True), pod)
    assert decision.status.attempts[0].outcome is None
    assert (decision.status.reason, decision.start) == (Reason.WAITING_FOR_QUOTA, None)


ENDED = {
    "a result": (an_ended_pod(0, an_outcome()), a_job(suspended=True), RunPhase.SUCCEEDED),
    "a crash": (an_ended_pod(1, "Traceback"), a_job(suspended=True), RunPhase.QUEUED),
    "a drain of a pod of this round": (
        an_ended_pod(143, disruption="EvictionByEvictionAPI", created_at=at(5)), a_job(active_since=at(4)),
        RunPhase.QUEUED,
    ),
    "a drain in the very second of a resume, once the Job says so": (
        an_ended_pod(143, disruption="EvictionByEvictionAPI", created_at=at(5)),
        a_job(active_since=at(6), finished_at=at(51), failure="BackoffLimitExceeded"), RunPhase.QUEUED,
    ),
    "a lost node after a resume": (
        a_running_pod(deleted_at=at(-30), created_at=at(-500)), a_job(active_since=at(0)), RunPhase.QUEUED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "job", "phase"), ENDED.values(), ids=ENDED.keys())
def test_any_other_end_ends_the_attempt(pod: Any, job: Any, phase: RunPhase) -> None:
    status = decide(a_model_status(an_attempt()), job, pod).status
    assert status.attempts[0].outcome is not None
    assert status.phase is phase


def test_a_start_timeout_counts_from_when_the_queue_let_the_run_go_on() -> None:
    job = a_job(active_since=at(1000))
    assert decide(a_model_status(an_attempt()), job, EVICTED, now=4599).status.phase is RunPhase.QUEUED
    late = decide(a_model_status(an_attempt()), job, EVICTED, now=4600).status
    assert (late.phase, late.reason) == (RunPhase.FAILED, Reason.START_TIMEOUT)


def test_suspending_a_queued_run_deletes_its_job_and_charges_nothing() -> None:
    spec = a_model_spec(suspend=True)
    first = decide(a_model_status(an_attempt()), a_job(), a_pod(), spec=spec)
    assert first.stop == (a_job(),)
    second = decide(first.status, None, a_pod(gone=True), spec=spec)
    assert (second.status.phase, second.status.reason) == (RunPhase.QUEUED, Reason.SUSPENDED)
    assert second.status.budget is not None
    assert (second.status.budget.charged_seconds, second.status.budget.allocated_seconds) == (0, 0)
    later = decide(second.status, None, spec=spec, now=90_000)
    assert later.status == second.status


@pytest.mark.parametrize("wish", ["suspend", "cancel"])
def test_a_wish_that_is_taken_back_waits_for_the_trainer_to_stop_and_then_starts_at_once(wish: str) -> None:
    spec, job, pod = a_model_spec(**{wish: True}), a_job(), a_running_pod()
    status = decide(a_model_status(an_attempt()), job, pod, spec=spec).status
    resumed = decide(status, a_job(deleting=True), a_running_pod(deleted_at=at(90)), spec=a_model_spec())
    assert (resumed.start, resumed.stop, resumed.status.reason) == (None, (), status.reason)
    assert resumed.status.message == (
        f"The wish to stop was taken back; attempt 2 follows once Job `{job.name}` is gone."
    )
    stopped = an_ended_pod(143, an_outcome(DISRUPTED, charged=20), finished=70)
    still = decide(resumed.status, a_job(deleting=True), stopped, spec=a_model_spec(), now=71)
    assert (still.start, still.status.attempts[0].outcome) == (None, "Suspended")
    again = decide(still.status, None, spec=a_model_spec(), now=72)
    assert again.start == 2
    assert again.status.budget is not None
    assert again.status.budget.charged_seconds == 20


def test_a_run_that_is_resumed_in_a_pause_names_the_pause_and_what_it_is_for() -> None:
    status = a_model_status(an_attempt(1, Reason.STORAGE_UNAVAILABLE, finished_at=stamp(50)))
    suspended = decide(status, None, spec=a_model_spec(suspend=True), now=52).status
    assert suspended.reason is Reason.SUSPENDED
    resumed = decide(suspended, None, spec=a_model_spec(), now=54).status
    assert resumed.reason is Reason.STORAGE_UNAVAILABLE
    assert resumed.message == "Attempt 1 ended with StorageUnavailable. Attempt 2 starts at 12:01:00Z."


def test_a_pause_keeps_the_words_of_the_end_that_it_is_for() -> None:
    pod = an_ended_pod(75, an_outcome(Reason.STORAGE_UNAVAILABLE, "bucket `x`: no answer"))
    first = decide(a_model_status(an_attempt()), a_job(), pod, spec=a_model_spec(), now=52).status
    assert first.message == "bucket `x`: no answer. Attempt 2 starts at 12:01:00Z."
    assert decide(first, None, spec=a_model_spec(), now=54).status == first


def test_a_run_whose_last_job_is_still_being_deleted_says_so() -> None:
    status = a_model_status(an_attempt(1, Reason.SUSPENDED), phase=RunPhase.QUEUED, reason=Reason.SUSPENDED)
    job = a_job(deleting=True)
    decision = decide(status, job, an_ended_pod(143), spec=a_model_spec())
    assert (decision.start, decision.status.reason) == (None, Reason.SCHEDULING)
    assert decision.status.message == f"Attempt 2 follows once Job `{job.name}`, which is being deleted, is gone."


def test_of_attempts_with_a_wrong_configuration_one_job_stays() -> None:
    wrong = an_ended_pod(64, an_outcome(Reason.INVALID_CONFIGURATION, "no such key"))
    first = decide(a_model_status(an_attempt()), a_job(finished_at=at(51)), wrong, spec=a_model_spec(), now=52)
    assert (first.start, first.stop) == (None, ())
    second = decide(first.status, a_job(finished_at=at(51)), wrong, spec=a_model_spec(), now=61)
    assert (second.start, second.stop) == (2, (a_job(finished_at=at(51)),))


def test_a_job_whose_end_no_status_holds_yet_stays() -> None:
    wrong = an_ended_pod(64, an_outcome(Reason.INVALID_CONFIGURATION, "no such key"))
    late = decide(a_model_status(an_attempt()), a_job(finished_at=at(51)), wrong, spec=a_model_spec(), now=900)
    assert (late.start, late.stop) == (2, ())


def test_jobs_of_attempts_that_a_number_bounds_stay_with_their_logs() -> None:
    status = a_model_status(an_attempt(1, Reason.STORAGE_UNAVAILABLE))
    decision = decide(status, a_job(finished_at=at(51)), spec=a_model_spec(), now=900)
    assert (decision.start, decision.stop) == (2, ())


def test_flapping_never_makes_two_live_attempts_and_spends_no_retries() -> None:
    status, now = a_model_status(), 0.0
    for number in range(1, 31):
        started = decide(status, None, spec=a_model_spec(), now=now)
        assert started.start == number
        job = a_job(number)
        halted = decide(started.status, job, spec=a_model_spec(suspend=True), now=now + 1)
        assert halted.stop == (job,)
        flapped = decide(halted.status, a_job(number, deleting=True), spec=a_model_spec(), now=now + 2)
        assert flapped.start is None
        status, now = flapped.status, now + 3
        status = decide(status, None, spec=a_model_spec(suspend=True), now=now).status
    assert status.phase is RunPhase.QUEUED
    assert len(status.attempts) <= 10

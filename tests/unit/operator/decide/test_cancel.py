"""What `spec.cancel` does: the best model so far is published by one more attempt, and nothing else starts."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.model import BudgetStatus, ModelStatus
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.steps import Decision
from darkroom_operator.manifests.run_config import plan_training
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
    an_outcome,
    at,
    stamp,
)

DISRUPTED = Reason.RETRYING_AFTER_DISRUPTION
CANCEL = a_model_spec(cancel=True)
WORKED = an_attempt(1, Reason.SUSPENDED, charged_seconds=40, exit_code=143)
PUBLISHING = an_attempt(2, publish_only=True)
ARTIFACTS = Artifacts(uri="s3://vision/fruit/darkroom/models/fruit-1")


def decide(status: Any, *children: Any, spec: Any = CANCEL, **changes: Any) -> Decision[ModelStatus]:
    """Decide about a cancelled Model."""
    jobs = tuple(child for child in children if hasattr(child, "image"))
    pods = tuple(child for child in children if hasattr(child, "phase"))
    return decide_model(a_model_view(spec, status, jobs=jobs, pods=pods, **changes), a_config())


NO_WORK = {
    "it was never started": a_model_status(),
    "its only attempt kept nothing": a_model_status(an_attempt(1, DISRUPTED, charged_seconds=0)),
    "its pods never started": a_model_status(an_attempt(1, DISRUPTED), an_attempt(2, DISRUPTED)),
    "its configuration was wrong": a_model_status(an_attempt(1, Reason.INVALID_CONFIGURATION, started_at=stamp(30))),
    "it was suspended before it began": a_model_status(an_attempt(1, Reason.SUSPENDED), reason=Reason.SUSPENDED),
}


@pytest.mark.parametrize("status", NO_WORK.values(), ids=NO_WORK.keys())
def test_a_run_without_work_is_cancelled_at_once_where(status: Any) -> None:
    decision = decide(status, now=at(500))
    assert (decision.status.phase, decision.status.reason) == (RunPhase.CANCELLED, Reason.CANCELLED)
    assert "no model" in (decision.status.message or "")
    assert decision.status.completed_at == at(500)
    assert decision.start is None


def test_a_working_run_stops_first() -> None:
    decision = decide(a_model_status(an_attempt()), a_job(), a_running_pod())
    assert decision.stop == (a_job(),)
    assert (decision.status.phase, decision.status.reason) == (RunPhase.TRAINING, Reason.CANCELLED)


def test_a_queued_run_loses_its_job_and_is_cancelled() -> None:
    queued = decide(a_model_status(an_attempt()), a_job(), a_pod())
    assert queued.stop == (a_job(),)
    assert queued.status.phase is RunPhase.QUEUED
    assert decide(queued.status).status.phase is RunPhase.CANCELLED


def test_a_stopped_run_with_work_starts_one_attempt_that_publishes() -> None:
    pod = an_ended_pod(143, an_outcome(DISRUPTED, charged=40))
    view = a_model_view(CANCEL, a_model_status(an_attempt(pod_uid="pod-1")), pods=(pod,), now=at(52))
    decision = decide_model(view, a_config())
    assert decision.start == 2
    assert [attempt.publish_only for attempt in decision.status.attempts] == [None, True]
    assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, Reason.CANCELLED)
    assert plan_training(view, decision.status, a_config()).run.publish_only is True


MAY_HOLD_WORK = {
    "suspended": a_model_status(WORKED, reason=Reason.SUSPENDED),
    "paused after a disruption": a_model_status(an_attempt(1, DISRUPTED, charged_seconds=40)),
    "killed without a word": a_model_status(an_attempt(1, Reason.UNKNOWN, started_at=stamp(30), exit_code=137)),
    "lost with its node": a_model_status(an_attempt(1, DISRUPTED, started_at=stamp(30))),
}


@pytest.mark.parametrize("status", MAY_HOLD_WORK.values(), ids=MAY_HOLD_WORK.keys())
def test_whatever_may_have_left_a_checkpoint_is_published_at_once(status: Any) -> None:
    assert decide(status, now=at(51)).start == 2


def test_the_publication_waits_for_the_last_job_to_be_gone() -> None:
    assert decide(a_model_status(WORKED), a_job(deleting=True)).start is None


@pytest.mark.parametrize("suspended", [False, True], ids=["as it is", "suspended meanwhile"])
def test_a_publication_is_left_to_work(suspended: bool) -> None:
    spec = a_model_spec(cancel=True, suspend=suspended)
    decision = decide(a_model_status(WORKED, PUBLISHING), a_job(2), a_running_pod(2), spec=spec)
    assert (decision.stop, decision.start) == ((), None)
    assert (decision.status.phase, decision.status.reason) == (RunPhase.TRAINING, Reason.CANCELLED)
    assert "being published" in (decision.status.message or "")


def test_a_publication_that_waits_says_what_for_and_is_not_written_again() -> None:
    pod = a_pod(2, node=None, scheduled=False, unschedulable="0/1 nodes")
    first = decide(a_model_status(WORKED, PUBLISHING), a_job(2), pod).status
    assert (first.phase, first.reason) == (RunPhase.QUEUED, Reason.CANCELLED)
    assert "0/1 nodes" in (first.message or "")
    assert decide(first, a_job(2), pod, now=at(90)).status == first


def test_a_job_that_publishes_is_known_for_it_where_no_status_tells() -> None:
    decision = decide(a_model_status(WORKED), a_job(2, publish_only=True), a_running_pod(2))
    assert decision.stop == ()
    assert decision.status.attempts[-1].publish_only is True


ENDS = {
    "a published model is kept, and its place told": (
        an_ended_pod(0, an_outcome(Reason.CANCELLED, "Published step 12.", artifacts=ARTIFACTS), 2),
        RunPhase.CANCELLED, ARTIFACTS.uri,
    ),
    "no checkpoint leaves no model": (
        an_ended_pod(0, an_outcome(Reason.CANCELLED, "There is no checkpoint."), 2),
        RunPhase.CANCELLED, "no model was kept: There is no checkpoint.",
    ),
    "a crash leaves no model": (
        an_ended_pod(1, "Traceback: boom", 2), RunPhase.CANCELLED, "no model was kept: The trainer crashed",
    ),
    "too little memory leaves no model": (
        an_ended_pod(137, "", 2, exit_reason="OOMKilled"), RunPhase.CANCELLED, "out of memory",
    ),
    "a wrong configuration leaves no model": (
        an_ended_pod(64, an_outcome(Reason.INVALID_CONFIGURATION, "output.storage: no keys"), 2),
        RunPhase.CANCELLED, "no model was kept: output.storage: no keys",
    ),
    "a container that overran leaves no model": (
        an_ended_pod(137, "", 2, started=0, finished=5000), RunPhase.CANCELLED, "did not stop by itself",
    ),
    "data that is spoiled leaves no model": (
        an_ended_pod(65, an_outcome(Reason.DATASET_CORRUPT, "a.png"), 2), RunPhase.CANCELLED, "a.png",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "phase", "words"), ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("spec", [CANCEL, a_model_spec()], ids=["still wished", "wished no more"])
def test_a_publication_ends_a_run_for_good(pod: Any, phase: RunPhase, words: str, spec: Any) -> None:
    decision = decide(a_model_status(WORKED, PUBLISHING), a_job(2), pod, spec=spec)
    assert (decision.status.phase, decision.status.reason) == (phase, Reason.CANCELLED)
    assert words in (decision.status.message or "")
    assert decision.start is None
    assert decision.status.completed_at is not None


def test_a_published_model_has_its_artifacts_in_the_status() -> None:
    status = decide(a_model_status(WORKED, PUBLISHING), a_job(2), ENDS[next(iter(ENDS))][0]).status
    assert status.artifacts == ARTIFACTS


def test_a_publication_that_the_infrastructure_ends_is_tried_again_within_the_cap() -> None:
    pod = an_ended_pod(143, an_outcome(DISRUPTED, charged=40), 2)
    paused = decide(a_model_status(WORKED, PUBLISHING), a_job(2), pod, now=at(52))
    assert (paused.status.phase, paused.status.reason, paused.start) == (RunPhase.QUEUED, Reason.CANCELLED, None)
    assert paused.requeue_after_seconds == 8
    assert decide(paused.status, now=at(61)).start == 3
    before = an_attempt(2, DISRUPTED, publish_only=True, repeated=9)
    status = a_model_status(WORKED, before, an_attempt(12, publish_only=True))
    ended = decide(status, a_job(12), an_ended_pod(143, "", 12)).status
    assert ended.phase is RunPhase.CANCELLED
    assert "no model was kept" in (ended.message or "")


def test_a_publication_that_cannot_start_ends_the_run() -> None:
    status = decide(a_model_status(WORKED), dataset=None).status
    assert status.phase is RunPhase.CANCELLED
    assert "could not be published: dataset: Dataset `fruit` does not exist" in (status.message or "")


def test_a_publication_that_nothing_places_ends_with_what_it_waited_for() -> None:
    pod = a_pod(2, node=None, scheduled=False, unschedulable="0/1 nodes")
    decision = decide(a_model_status(WORKED, PUBLISHING), a_job(2, active_since=at(0)), pod, now=at(3600))
    assert decision.status.phase is RunPhase.CANCELLED
    assert "0/1 nodes" in (decision.status.message or "")
    assert decision.stop == (a_job(2, active_since=at(0)),)


def test_a_failure_at_its_cap_while_it_stops_is_cancelled_too() -> None:
    crashes = [an_attempt(number, Reason.UNKNOWN) for number in (1, 2)]
    decision = decide(a_model_status(*crashes, an_attempt(3)), an_ended_pod(1, "bad", 3))
    assert decision.start == 4
    assert decision.status.attempts[-1].publish_only is True


REPORTED = BudgetStatus(total_seconds=600, charged_seconds=12, remaining_seconds=588)
KEEPS_NOTHING = {
    "it never worked": decide(a_model_status()),
    "what it had reported is lost": decide(
        a_model_status(an_attempt(1, DISRUPTED, charged_seconds=0), budget=REPORTED)
    ),
    "it could not be published": decide(a_model_status(WORKED), dataset=None),
    **{
        name: decide(a_model_status(WORKED, PUBLISHING), a_job(2), pod)
        for name, (pod, _, words) in ENDS.items()
        if words != ARTIFACTS.uri
    },
}


@pytest.mark.parametrize("decision", KEEPS_NOTHING.values(), ids=KEEPS_NOTHING.keys())
def test_a_cancel_that_keeps_nothing_charges_nothing_where(decision: Decision[ModelStatus]) -> None:
    status = decision.status
    assert (status.phase, status.artifacts) == (RunPhase.CANCELLED, None)
    assert status.budget is not None
    assert (status.budget.charged_seconds, status.budget.remaining_seconds) == (0, status.budget.total_seconds)


def test_a_cancel_that_keeps_a_model_charges_what_it_took() -> None:
    pod = an_ended_pod(0, an_outcome(Reason.CANCELLED, "Published.", artifacts=ARTIFACTS, charged=43), 2)
    status = decide(a_model_status(WORKED, PUBLISHING), a_job(2), pod).status
    assert status.budget is not None
    assert status.budget.charged_seconds == 43

"""What a Model's meters say, when its budget ends it, and how long a run that cannot start waits."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.steps import Decision
from darkroom_operator.manifests.pod import LONGEST_START_SECONDS, find_deadline
from darkroom_operator.manifests.run_config import plan_training
from tests.builders import (
    a_config,
    a_dataset_view,
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
)

DISRUPTED = Reason.RETRYING_AFTER_DISRUPTION


def decide(view: Any) -> Decision[ModelStatus]:
    """Decide with the tests' configuration."""
    return decide_model(view, a_config())


OVERRUN = {
    "within its budget, grace and start": (30 + 600 + 30 + 119, False),
    "past its budget, grace and start": (30 + 600 + 30 + 121, True),
}


@pytest.mark.parametrize(("now", "stopped"), OVERRUN.values(), ids=OVERRUN.keys())
def test_a_container_is_stopped_only_past_its_limit(now: float, stopped: bool) -> None:
    view = a_model_view(
        status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(a_running_pod(started=30),), now=at(now)
    )
    assert bool(decide(view).stop) is stopped


def test_a_slower_class_may_run_longer_for_the_same_budget() -> None:
    spec = a_model_spec(compute={"class": "cpu"})
    view = a_model_view(spec, a_model_status(an_attempt()), jobs=(a_job(),), pods=(a_running_pod(),), now=at(5000))
    assert decide(view).stop == ()


def test_an_overrun_is_not_tried_again() -> None:
    pod = an_ended_pod(137, started=0, finished=900)
    status = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(901))).status
    assert (status.phase, status.reason) == (RunPhase.FAILED, Reason.UNKNOWN)
    assert "did not stop by itself" in (status.message or "")


UNPLACED = a_pod(node=None, scheduled=False, unschedulable="0/1 nodes: 1 Insufficient nvidia.com/gpu")
MISCONFIGURED = an_outcome(Reason.INVALID_CONFIGURATION, "dataset: storage.credentialsSecret: no keys")


def decide_waiting(pod: Any, now: float, job: Any = None, spec: Any = None, **config: Any) -> Decision[ModelStatus]:
    """Decide about a Model whose Job began at 0, with a start timeout of 10 minutes."""
    job = job or a_job(created_at=at(0), active_since=at(0))
    pods = (pod,) if pod is not None else ()
    view = a_model_view(spec, a_model_status(an_attempt()), jobs=(job,), pods=pods, now=at(now))
    return decide_model(view, a_config(**{"startTimeoutSeconds": 600, **config}))


TIMED_OUT = {
    "a pod that no node can take": (UNPLACED, "Unschedulable", "Insufficient nvidia.com/gpu"),
    "an image that cannot be pulled": (
        a_pod(waiting_reason="ImagePullBackOff", waiting_message="no such tag"), "ImagePullFailed", "no such tag",
    ),
    "a container that cannot be made": (
        a_pod(waiting_reason="CreateContainerConfigError", waiting_message="no key"), "Starting", "no key",
    ),
    "a Job without a pod": (None, "Scheduling", "waits for a node"),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "reason", "words"), TIMED_OUT.values(), ids=TIMED_OUT.keys())
def test_a_run_that_never_starts_fails_with_what_it_waited_for(pod: Any, reason: str, words: str) -> None:
    early, late = decide_waiting(pod, now=599), decide_waiting(pod, now=600)
    assert (early.status.phase, early.stop) == (RunPhase.QUEUED, ())
    assert early.requeue_after_seconds == 1
    assert (late.status.phase, late.status.reason) == (RunPhase.FAILED, Reason.START_TIMEOUT)
    assert f"it waited for: {reason}: " in (late.status.message or "")
    assert words in (late.status.message or "")
    assert [job.attempt for job in late.stop] == [1]
    assert late.status.attempts[0].free is True
    assert late.status.budget is not None
    assert late.status.budget.charged_seconds == 0


NOT_COUNTED = {
    "while a queue holds its Job back": (None, a_job(created_at=at(0), suspended=True)),
    "while its pod is gated": (a_pod(node=None, scheduled=False, gated=True), None),
    "before as long has passed since a queue let it go on": (
        UNPLACED, a_job(created_at=at(0), active_since=at(99_500)),
    ),
    "while its container works": (a_running_pod(started=99_900), None),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "job"), NOT_COUNTED.values(), ids=NOT_COUNTED.keys())
def test_nothing_times_out(pod: Any, job: Any) -> None:
    assert decide_waiting(pod, now=100_000, job=job).status.phase is not RunPhase.FAILED


def test_zero_waits_for_ever_and_the_pod_gets_a_week() -> None:
    waiting = decide_waiting(UNPLACED, now=10_000_000, startTimeoutSeconds=0)
    assert waiting.status.phase is RunPhase.QUEUED
    config, view = a_config(startTimeoutSeconds=0), a_model_view()
    plan = plan_training(view, decide_model(view, config).status, config)
    assert find_deadline(plan, config) == 600 + 150 + LONGEST_START_SECONDS


def test_a_pod_whose_deadline_passed_while_no_operator_looked_timed_out() -> None:
    pod = a_pod(phase="Failed", reason="DeadlineExceeded", waiting_reason="ImagePullBackOff")
    assert decide_waiting(pod, now=20).status.reason is Reason.START_TIMEOUT


def test_a_disruption_before_the_start_is_tried_again() -> None:
    pod = a_pod(phase="Failed", reason="Preempting", disruption="PreemptionByScheduler")
    decision = decide_waiting(pod, now=20)
    assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, Reason.RETRYING_AFTER_DISRUPTION)


def test_a_wish_to_suspend_comes_before_the_timeout() -> None:
    decision = decide_waiting(UNPLACED, now=700, spec=a_model_spec(suspend=True))
    assert decision.status.reason is Reason.SUSPENDED


def test_wrong_configuration_is_free_waited_for_and_mended_by_the_next_attempt() -> None:
    first = decide_waiting(an_ended_pod(64, MISCONFIGURED, started=40), now=55)
    assert (first.status.phase, first.status.reason) == (RunPhase.QUEUED, Reason.INVALID_CONFIGURATION)
    assert "storage.credentialsSecret: no keys" in (first.status.message or "")
    assert first.status.attempts[0].free is True
    again = decide_model(a_model_view(status=first.status, now=at(61)), a_config())
    assert again.start == 2
    running = a_model_view(status=again.status, jobs=(a_job(2),), pods=(a_running_pod(2),), now=at(70))
    assert decide_model(running, a_config()).status.phase is RunPhase.TRAINING


def test_wrong_configuration_without_a_report_is_waited_for_too() -> None:
    decision = decide_waiting(an_ended_pod(64, "usage: darkroom-trainer", started=40), now=55)
    assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, Reason.INVALID_CONFIGURATION)


def test_configuration_that_nobody_mends_fails_the_run_by_the_field() -> None:
    kept = an_attempt(1, Reason.INVALID_CONFIGURATION)
    pod = an_ended_pod(64, MISCONFIGURED, 2, started=3640, finished=3650)
    view = a_model_view(status=a_model_status(kept, an_attempt(2)), jobs=(a_job(2),), pods=(pod,), now=at(3651))
    status = decide_model(view, a_config()).status
    assert (status.phase, status.reason) == (RunPhase.FAILED, Reason.INVALID_CONFIGURATION)
    assert "storage.credentialsSecret: no keys" in (status.message or "")


def test_an_inspection_waits_for_its_configuration_for_ever() -> None:
    seen: dict[str, Any] = {"jobs": (a_job(),), "pods": (an_ended_pod(64, MISCONFIGURED, started=40),)}
    opened = DatasetStatus(attempts=(an_attempt(),), observed_generation=1)
    first = decide_dataset(a_dataset_view(status=opened, **seen, now=at(55)), a_config()).status
    assert (first.phase, first.reason) == (DatasetPhase.PENDING, Reason.INVALID_CONFIGURATION)
    assert decide_dataset(a_dataset_view(status=first, now=at(900_000)), a_config()).start == 2


def test_an_inspection_that_cannot_start_waits_for_ever() -> None:
    job = a_job(created_at=at(0), active_since=at(0))
    opened = DatasetStatus(attempts=(an_attempt(),), observed_generation=1)
    decision = decide_dataset(a_dataset_view(status=opened, jobs=(job,), pods=(UNPLACED,), now=at(900_000)), a_config())
    assert (decision.status.phase, decision.status.reason) == (DatasetPhase.PENDING, Reason.UNSCHEDULABLE)


def test_too_little_memory_is_tried_once_with_half_the_batch_and_then_says_how_much_to_give() -> None:
    killed: dict[str, Any] = {"exit_reason": "OOMKilled", "started": 40}
    first = decide_waiting(an_ended_pod(137, "", **killed), now=55)
    assert (first.status.phase, first.status.reason) == (RunPhase.QUEUED, Reason.RETRYING_AFTER_FAILURE)
    assert "with half the batch" in (first.status.message or "")
    assert first.status.attempts[0].free is False
    view = a_model_view(status=first.status, now=at(61))
    again = decide_model(view, a_config())
    assert plan_training(view, again.status, a_config()).run.batch_divisor == 2
    pod = an_ended_pod(137, "", 2, exit_reason="OOMKilled", started=70, finished=80)
    last = decide_model(a_model_view(status=again.status, jobs=(a_job(2),), pods=(pod,), now=at(81)), a_config()).status
    assert (last.phase, last.reason) == (RunPhase.FAILED, Reason.OUT_OF_MEMORY)
    assert "`computeClasses.gpu.memory` gives 8Gi now; give at least 16Gi" in (last.message or "")


def test_a_trainer_that_tells_how_much_memory_it_lacked_is_quoted_with_the_name_of_the_class() -> None:
    told = an_outcome(Reason.OUT_OF_MEMORY, "one image; computeClasses.<class>.memory: give it at least 2Gi")
    pod = an_ended_pod(79, told, started=40)
    message = decide_waiting(pod, now=55, retries={"failures": 0}).status.message
    assert message == "one image; computeClasses.gpu.memory: give it at least 2Gi."

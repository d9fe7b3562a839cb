"""How an attempt's end is told from what Kubernetes shows."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.endings import ExitCode
from darkroom_api.report import parse_outcome
from darkroom_operator.decide.ends import End, Trace, as_sentence, classify_end, describe_last
from tests.builders import a_job, a_pod, a_running_pod, an_ended_pod, an_outcome, at, observed


def classify(pod: Any = None, job: Any = None, stop: bool = False, limit: float = 600, now: float = 60) -> Any:
    """Classify, with what the pod reported."""
    seen = observed("Model", "fruit", None, None, now=at(now))
    trace = Trace(seen, job, (pod,) if pod is not None else (), limit, stopping=stop)
    reported = pod is not None and pod.exit_code is not None
    return classify_end(trace, parse_outcome(pod.termination_message) if reported else None)


DISRUPTED = Reason.RETRYING_AFTER_DISRUPTION
OVERRAN = object()
ENDS = {
    "a report of success finishes": (an_ended_pod(0, an_outcome()), Reason.SUCCEEDED),
    "a report of divergence finishes": (
        an_ended_pod(77, an_outcome(Reason.TRAINING_DIVERGED)), Reason.TRAINING_DIVERGED,
    ),
    "a report of a storage outage is tried again": (
        an_ended_pod(75, an_outcome(Reason.STORAGE_UNAVAILABLE)), Reason.STORAGE_UNAVAILABLE,
    ),
    "a report of stopping after a checkpoint is a disruption": (
        an_ended_pod(143, an_outcome(DISRUPTED)), DISRUPTED,
    ),
    "a report of an internal error is a crash": (
        an_ended_pod(70, an_outcome(Reason.UNKNOWN)), Reason.UNKNOWN,
    ),
    "a report counts even where the pod was evicted": (
        an_ended_pod(0, an_outcome(), disruption="EvictionByEvictionAPI"), Reason.SUCCEEDED,
    ),
    "SIGKILL without a report is a crash": (an_ended_pod(137, "step 12"), Reason.UNKNOWN),
    "being killed for its memory is an end of its own": (
        an_ended_pod(137, exit_reason="OOMKilled"), Reason.OUT_OF_MEMORY,
    ),
    "a report of too little memory is the same end": (
        an_ended_pod(79, an_outcome(Reason.OUT_OF_MEMORY)), Reason.OUT_OF_MEMORY,
    ),
    "a report of wrong configuration is no failure": (
        an_ended_pod(64, an_outcome(Reason.INVALID_CONFIGURATION)), Reason.INVALID_CONFIGURATION,
    ),
    "exit 0 without a report is a crash": (an_ended_pod(0), Reason.UNKNOWN),
    "exit 1 is a crash": (an_ended_pod(1, "Traceback"), Reason.UNKNOWN),
    "exit 143 without a report is a disruption": (an_ended_pod(143), DISRUPTED),
    "exit 75 without a report is a storage outage": (
        an_ended_pod(75), Reason.STORAGE_UNAVAILABLE,
    ),
    "a disruption target is free": (
        an_ended_pod(137, disruption="PreemptionByScheduler: for another"), DISRUPTED,
    ),
    "an eviction is free": (an_ended_pod(137, reason="Evicted", message="disk"), DISRUPTED),
    "a deleted pod that was killed is free": (an_ended_pod(137, deleted_at=at(49)), DISRUPTED),
    "an evicted pod that never started is free": (
        a_pod(phase="Failed", reason="Evicted", waiting_reason=""), DISRUPTED,
    ),
    "a pod that the kubelet refused is free": (
        a_pod(phase="Failed", reason="UnexpectedAdmissionError"), DISRUPTED,
    ),
    "a pod that never started within its deadline is free": (
        a_pod(phase="Failed", reason="DeadlineExceeded"), DISRUPTED,
    ),
    "a pod that worked past its deadline overran": (
        a_running_pod(phase="Failed", reason="DeadlineExceeded"), OVERRAN,
    ),
    "a container that ran past its limit overran": (
        an_ended_pod(137, started=0, finished=601), OVERRAN,
    ),
    "a gone pod that told its end is read": (
        an_ended_pod(0, an_outcome(), gone=True), Reason.SUCCEEDED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "reason"), ENDS.values(), ids=ENDS.keys())
def test_an_end_is_classified(pod: Any, reason: Any) -> None:
    end = classify(pod, a_job())
    assert (end.reason, end.overran) == ((Reason.UNKNOWN, True) if reason is OVERRAN else (reason, False))
    assert end.message


@pytest.mark.parametrize(
    "disruption",
    [
        "PreemptionByScheduler: default-scheduler: preempting to accommodate a higher priority pod",
        "EvictionByEvictionAPI: Eviction API: evicting",
        "DeletionByTaintManager: Taint manager: deleting due to NoExecute taint",
        "DeletionByPodGC: PodGC: node no longer exists",
        "TerminationByKubelet: The node was low on resource: memory",
    ],
)
@pytest.mark.parametrize("how", ["with a checkpoint", "killed", "before its start", "removed"])
def test_every_disruption_target_is_free_however_its_pod_ends(disruption: str, how: str) -> None:
    pods = {
        "with a checkpoint": an_ended_pod(143, an_outcome(DISRUPTED), disruption=disruption),
        "killed": an_ended_pod(137, "step 12", disruption=disruption, deleted_at=at(40)),
        "before its start": a_pod(phase="Failed", disruption=disruption),
        "removed": a_running_pod(gone=True, disruption=disruption),
    }
    job = a_job(failure="BackoffLimitExceeded", finished_at=at(40))
    assert classify(pods[how], job).reason is DISRUPTED


OPEN = {
    "a pod that waits is not over": (a_pod(), a_job(), 60),
    "a container that works is not over": (a_running_pod(), a_job(), 60),
    "a Job without a pod is not over": (None, a_job(), 60),
    "a Job that just failed may have news of its pod under way": (None, a_job(failure="X", finished_at=at(55)), 60),
    "a deleted pod in its grace period is not over": (a_running_pod(deleted_at=at(70)), a_job(), 60),
    "a gone pod whose Job still works is not over": (a_running_pod(gone=True), a_job(), 60),
}


@pytest.mark.parametrize(("pod", "job", "now"), OPEN.values(), ids=OPEN.keys())
def test_an_attempt_that_may_still_tell_its_end_is_open(pod: Any, job: Any, now: float) -> None:
    assert classify(pod, job, now=now) is None


VANISHED = {
    "the pod of index 0, of which no worker's end is waited for": (
        a_running_pod(gone=True), a_job(indexed=True, leader_failed=True),
    ),
    "a Job that failed some time ago without a pod": (None, a_job(failure="BackoffLimitExceeded", finished_at=at(0))),
    "a Job that was deleted with its pod": (None, None),
    "a pod that was removed by force": (a_running_pod(gone=True), None),
    "a pod on a node that answers no more": (a_running_pod(deleted_at=at(-30)), a_job()),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "job"), VANISHED.values(), ids=VANISHED.keys())
def test_what_vanished_is_a_disruption(pod: Any, job: Any) -> None:
    end = classify(pod, job)
    assert end.reason is DISRUPTED


STOPPED = {
    "stopped by SIGTERM": an_ended_pod(143),
    "killed after the grace period": an_ended_pod(137, deleted_at=at(40)),
    "with a checkpoint report": an_ended_pod(143, an_outcome(DISRUPTED)),
    "removed without a trace": None,
    "never started": a_pod(phase="Failed", reason="Evicted"),
}


@pytest.mark.parametrize("pod", STOPPED.values(), ids=STOPPED.keys())
def test_an_end_that_the_user_asked_for_is_a_stop(pod: Any) -> None:
    end = classify(pod, None, stop=True)
    assert end.reason is Reason.SUSPENDED


def test_a_result_that_came_before_the_stop_is_kept() -> None:
    assert classify(an_ended_pod(0, an_outcome()), None, stop=True).reason is Reason.SUCCEEDED


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_of_the_contract_is_classified_without_a_report(code: ExitCode) -> None:
    end = classify(an_ended_pod(code), a_job())
    expected = {
        ExitCode.SUCCEEDED: Reason.UNKNOWN,
        ExitCode.BAD_CONFIG: Reason.INVALID_CONFIGURATION,
        ExitCode.DATASET_CORRUPT: Reason.DATASET_CORRUPT,
        ExitCode.DATASET_NOT_FOUND: Reason.DATASET_NOT_FOUND,
        ExitCode.INTERNAL_ERROR: Reason.UNKNOWN,
        ExitCode.TEMPORARY_FAILURE: Reason.STORAGE_UNAVAILABLE,
        ExitCode.BUDGET_NOT_ENOUGH: Reason.BUDGET_NOT_ENOUGH,
        ExitCode.TRAINING_DIVERGED: Reason.TRAINING_DIVERGED,
        ExitCode.INCORRECT_MODEL_KIND: Reason.INCORRECT_MODEL_KIND,
        ExitCode.OUT_OF_MEMORY: Reason.OUT_OF_MEMORY,
        ExitCode.NOT_ALLOWED: Reason.NOT_ALLOWED,
        ExitCode.NODES_MISSING: Reason.WAITING_FOR_NODES,
        ExitCode.STOPPED: DISRUPTED,
    }
    assert (end.reason, end.overran) == (expected[code], False)


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (an_ended_pod(137, "epoch 3\nloss 0.2"), ("exit code 137", "killed", "loss 0.2")),
        (an_ended_pod(1, "x" * 5000), ("exit code 1", "x" * 1200)),
        (an_ended_pod(137, exit_reason="OOMKilled"), ("out of memory", "exit code 137")),
        (an_ended_pod(137, disruption="EvictionByEvictionAPI: drained"), ("node0", "drained")),
        (an_ended_pod(143, an_outcome(DISRUPTED), disruption="TerminationByKubelet: full"), ("node0", "full")),
        (an_ended_pod(137, started=0, finished=700), ("600 s", "did not stop")),
    ],
    ids=["a crash", "a crash with much output", "out of memory", "a drain", "a full disk", "an overrun"],
)
def test_a_message_says_what_happened(pod: Any, words: tuple[str, ...]) -> None:
    message = classify(pod, a_job()).message
    assert all(word in message for word in words)
    assert len(message) < 1500


def test_the_last_of_several_crashes_says_how_many_and_with_which_code() -> None:
    end = End(Reason.UNKNOWN, "ValueError: bad", 70)
    assert describe_last(end, 3) == "ValueError: bad (exit code 70). It happened 3 times, and no attempt is left."


@pytest.mark.parametrize(("text", "sentence"), [("a", "a."), ("a.", "a."), ("log:\nx", "log:\nx\n")])
def test_another_sentence_can_follow(text: str, sentence: str) -> None:
    assert as_sentence(text) == sentence

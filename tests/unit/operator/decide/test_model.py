"""What is decided about a Model, state by state."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.model import BudgetStatus, ModelStatus
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.steps import Decision
from tests.builders import (
    a_config,
    a_dataset_spec,
    a_job,
    a_model_spec,
    a_model_status,
    a_model_view,
    a_pod,
    a_report,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_observed_dataset,
    an_outcome,
    at,
)

DISRUPTED = Reason.RETRYING_AFTER_DISRUPTION


def decide(view: Any, **config: Any) -> Decision[ModelStatus]:
    """Decide with the tests' configuration."""
    return decide_model(view, a_config(**config))


def with_storage(**storage: Any) -> Any:
    """Return a Ready Dataset with this storage."""
    return an_observed_dataset(spec=a_dataset_spec(storage=storage))


BLOCKED = {
    "a Dataset that does not exist is waited for": (
        {"dataset": None}, RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "`fruit` does not exist in namespace `vision`",
    ),
    "a Dataset that is inspected is waited for": (
        {"dataset": an_observed_dataset(phase=DatasetPhase.INSPECTING, reason=Reason.INSPECTING)},
        RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "Inspecting",
    ),
    "a Dataset whose spec just changed is waited for": (
        {"dataset": an_observed_dataset(current=False)}, RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "Pending",
    ),
    "a Dataset that was Invalid before its spec changed is waited for": (
        {"dataset": an_observed_dataset(current=False, phase=DatasetPhase.INVALID)},
        RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "Pending",
    ),
    "an Invalid Dataset fails the Model and is quoted": (
        {"dataset": an_observed_dataset(phase=DatasetPhase.INVALID, reason=Reason.DATASET_CORRUPT, message="a.png")},
        RunPhase.FAILED, Reason.DATASET_CORRUPT, "a.png",
    ),
    "a Dataset whose file is missing fails the Model likewise": (
        {"dataset": an_observed_dataset(phase=DatasetPhase.INVALID, reason=Reason.DATASET_NOT_FOUND, message="t.json")},
        RunPhase.FAILED, Reason.DATASET_NOT_FOUND, "t.json",
    ),
    "a Dataset whose storage stayed away fails the Model likewise": (
        {"dataset": an_observed_dataset(phase=DatasetPhase.INVALID, reason=Reason.STORAGE_UNAVAILABLE, message="s3")},
        RunPhase.FAILED, Reason.STORAGE_UNAVAILABLE, "s3",
    ),
    "a Dataset that is Invalid for any other reason fails the Model as corrupt": (
        {"dataset": an_observed_dataset(phase=DatasetPhase.INVALID, reason=Reason.OUT_OF_MEMORY, message="1Gi")},
        RunPhase.FAILED, Reason.DATASET_CORRUPT, "Invalid (OutOfMemory): 1Gi",
    ),
    "a Dataset of another kind fails the Model": (
        {"dataset": an_observed_dataset(spec=a_dataset_spec(annotationKind="imageObjectDetection"))},
        RunPhase.FAILED, Reason.INCORRECT_MODEL_KIND, "imageClassification",
    ),
    "an evaluation Dataset is waited for too": (
        {"spec": a_model_spec(evaluationDataset="test")},
        RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "evaluationDataset: Dataset `test`",
    ),
    "an unknown class names the field and the classes": (
        {"spec": a_model_spec(compute={"class": "tpu"})},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "compute.class: this installation has no compute class `tpu`",
    ),
    "too many devices name the field and the bound": (
        {"spec": a_model_spec(compute={"devices": 5})},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "compute.devices: 5",
    ),
    "a Secret that is not allowed names the field": (
        {"dataset": with_storage(credentialsSecret="other-teams")},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "storage.credentialsSecret: Secret `other-teams`",
    ),
    "a ServiceAccount that is not allowed names the field": (
        {"dataset": with_storage(serviceAccountName="admin")},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "storage.serviceAccountName: ServiceAccount `admin`",
    ),
    "two ServiceAccounts in one pod are refused": (
        {
            "dataset": with_storage(serviceAccountName="darkroom-a"),
            "spec": a_model_spec(output={"uri": "s3://out/x", "storage": {"serviceAccountName": "darkroom-b"}}),
        },
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "a pod has one ServiceAccount",
    ),
    "a dataset over https without an output names the field": (
        {"dataset": an_observed_dataset(spec=a_dataset_spec(annotationFiles=["https://example.org/train.json"]))},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "output:",
    ),
    "an output on a file is refused": (
        {"spec": a_model_spec(output={"uri": "file:///tmp/x"})},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "output: `file:///tmp/x`",
    ),
    "a suspended Model waits": ({"spec": a_model_spec(suspend=True)}, RunPhase.QUEUED, Reason.SUSPENDED, "suspend"),
    "a cancelled Model ends": ({"spec": a_model_spec(cancel=True)}, RunPhase.CANCELLED, Reason.CANCELLED, "cancel"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "phase", "reason", "words"), BLOCKED.values(), ids=BLOCKED.keys())
def test_what_blocks_a_model_starts_nothing_and_says_why(
    changes: dict[str, Any], phase: RunPhase, reason: Reason, words: str
) -> None:
    decision = decide(a_model_view(**changes))
    assert (decision.status.phase, decision.status.reason) == (phase, reason)
    assert words in (decision.status.message or "")
    assert decision.start is None


def test_a_secret_for_weights_that_is_not_allowed_names_the_value() -> None:
    weights = {"uri": "s3://models/backbones", "storage": {"credentialsSecret": "other-teams"}}
    config = a_config(trainer={"image": "example.org/trainer:1", "weights": weights})
    decision = decide_model(a_model_view(), config)
    assert (decision.status.reason, decision.start) == (Reason.INVALID_CONFIGURATION, None)
    said = "trainer.weights.storage.credentialsSecret: Secret `other-teams` is not allowed"
    assert said in (decision.status.message or "")


def test_a_model_whose_dataset_is_ready_starts_its_first_attempt() -> None:
    decision = decide(a_model_view())
    assert decision.start == 1
    assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, Reason.SCHEDULING)
    assert [attempt.number for attempt in decision.status.attempts] == [1]
    assert decision.status.queued_at == at(0)
    assert decision.status.budget == BudgetStatus(total_seconds=600, remaining_seconds=600)


def test_deciding_again_on_what_was_written_changes_nothing() -> None:
    decided = decide(a_model_view()).status
    first = decided.model_copy(update={"attempts": (decided.attempts[0].model_copy(update={"job_uid": "job-1"}),)})
    again = decide(a_model_view(status=first, jobs=(a_job(),), now=at(200)))
    assert again.status == first
    assert again.start is None


WAITING = {
    "a pod that no node can take has the scheduler's words": (
        a_pod(scheduled=False, node=None, unschedulable="0/1 nodes: 1 Insufficient nvidia.com/gpu"),
        Reason.UNSCHEDULABLE, "Insufficient nvidia.com/gpu",
    ),
    "a pod that a queue holds back waits for quota": (
        a_pod(scheduled=False, node=None, gated=True), Reason.WAITING_FOR_QUOTA, "queue",
    ),
    "a pod without a node is being placed": (a_pod(scheduled=False, node=None), Reason.SCHEDULING, "waits for a node"),
    "a pod with a sandbox is pulling": (a_pod(sandbox_ready=True), Reason.PULLING_IMAGE, "node0"),
    "a pod without a sandbox is starting": (a_pod(), Reason.STARTING, "node0"),
    "an image that cannot be pulled has the kubelet's words": (
        a_pod(waiting_reason="ImagePullBackOff", waiting_message="not found"), Reason.IMAGE_PULL_FAILED, "not found",
    ),
    "a container that cannot be made has the kubelet's words": (
        a_pod(waiting_reason="CreateContainerConfigError", waiting_message="no key"), Reason.STARTING, "no key",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "reason", "words"), WAITING.values(), ids=WAITING.keys())
def test_a_queued_model_says_what_its_pod_waits_for(pod: Any, reason: Reason, words: str) -> None:
    decision = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,)))
    assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, reason)
    assert words in (decision.status.message or "")


def test_a_starting_model_names_the_secrets_that_may_be_missing() -> None:
    job = a_job(secrets=("darkroom-bucket",))
    decision = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(job,), pods=(a_pod(),)))
    assert "Secret `darkroom-bucket`" in (decision.status.message or "")


def test_a_job_that_a_queue_suspended_waits_for_quota() -> None:
    decision = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(suspended=True),)))
    assert decision.status.reason is Reason.WAITING_FOR_QUOTA


def test_a_job_with_an_outdated_image_that_cannot_be_pulled_is_replaced() -> None:
    job, pod = a_job(image="example.org/old:1"), a_pod(waiting_reason="ErrImagePull")
    assert decide(a_model_view(status=a_model_status(an_attempt()), jobs=(job,), pods=(pod,))).stop == (job,)


def test_a_running_container_trains_with_progress_and_both_meters() -> None:
    view = a_model_view(
        status=a_model_status(an_attempt()),
        jobs=(a_job(),),
        pods=(a_running_pod(started=30),),
        report=a_report(polled=45),
    )
    status = decide(view).status
    assert (status.phase, status.reason) == (RunPhase.TRAINING, Reason.TRAINING)
    assert status.started_at == at(30)
    assert status.progress is not None
    assert status.progress.percent == 40
    assert status.budget == BudgetStatus(
        total_seconds=600, charged_seconds=12, allocated_seconds=15, remaining_seconds=588
    )


def test_a_job_that_no_attempt_knows_is_stopped_and_its_number_is_not_given_again() -> None:
    stray = a_job(3)
    waits = decide(a_model_view(jobs=(stray,), pods=(a_running_pod(3),)))
    assert (waits.stop, waits.start, waits.status.attempts) == ((stray,), None, ())
    assert decide(a_model_view(jobs=(a_job(3, finished_at=at(1)),))).start == 4


def test_a_namesake_of_the_job_that_was_created_is_not_believed_but_stopped() -> None:
    namesake, forged = a_job(uid="another"), an_ended_pod(0, an_outcome(), job_uid="another")
    decision = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(namesake,), pods=(forged,)))
    assert decision.stop == (namesake,)
    assert decision.status.attempts[0].outcome == Reason.RETRYING_AFTER_DISRUPTION


def test_the_job_of_an_attempt_that_an_earlier_version_opened_is_known_by_its_name_from_then_on_by_its_uid() -> None:
    earlier = an_attempt(job_uid=None)
    status = decide(a_model_view(status=a_model_status(earlier), jobs=(a_job(),), pods=(a_running_pod(),))).status
    assert (status.phase, status.attempts[0].job_uid) == (RunPhase.TRAINING, "job-1")


def test_a_pod_that_another_job_controls_is_not_believed() -> None:
    forged = an_ended_pod(0, an_outcome(), job_uid="somebody-elses")
    decision = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(forged,)))
    assert decision.status.phase is RunPhase.QUEUED


def test_success_is_final_with_scores_and_what_it_cost() -> None:
    pod = an_ended_pod(0, an_outcome(charged=15.04), finished=50)
    status = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,))).status
    assert (status.phase, status.reason) == (RunPhase.SUCCEEDED, Reason.SUCCEEDED)
    assert status.completed_at == at(60)
    assert status.budget is not None
    assert (status.budget.charged_seconds, status.budget.allocated_seconds) == (15.0, 20.0)
    assert status.attempts[0].outcome == "Succeeded"
    assert status.attempts[0].free is False


@pytest.mark.parametrize("phase", [RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED])
def test_an_end_stays_when_the_job_is_deleted(phase: RunPhase) -> None:
    status = a_model_status(an_attempt(outcome=Reason.SUCCEEDED), phase=phase)
    decision = decide(a_model_view(status=status, dataset=None))
    assert decision == Decision(status)


def test_an_ended_model_whose_job_still_works_has_it_stopped() -> None:
    decision = decide(a_model_view(status=a_model_status(phase=RunPhase.FAILED), jobs=(a_job(),)))
    assert decision.stop == (a_job(),)


RETRIES = {
    "a disruption": (an_ended_pod(143), DISRUPTED, True),
    "a crash": (an_ended_pod(1, "Traceback"), Reason.RETRYING_AFTER_FAILURE, False),
    "a storage outage": (
        an_ended_pod(75, an_outcome(Reason.STORAGE_UNAVAILABLE, "bucket refused")), Reason.STORAGE_UNAVAILABLE, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "reason", "free"), RETRIES.values(), ids=RETRIES.keys())
def test_what_can_be_tried_again_pauses_first_and_says_when(pod: Any, reason: Reason, free: bool) -> None:
    view = a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(52))
    decision = decide(view)
    assert (decision.status.phase, decision.status.reason) == (RunPhase.QUEUED, reason)
    assert decision.start is None
    assert decision.requeue_after_seconds == 8
    assert "Attempt 2 starts at 12:01:00Z." in (decision.status.message or "")
    assert decision.status.attempts[0].free is free


@pytest.mark.parametrize("reason", [DISRUPTED, Reason.UNKNOWN, Reason.STORAGE_UNAVAILABLE])
def test_after_the_pause_the_next_attempt_starts(reason: Reason) -> None:
    decision = decide(a_model_view(status=a_model_status(an_attempt(outcome=reason)), now=at(61)))
    assert decision.start == 2


PAUSES = {"the first": (1, 10), "the second": (2, 20), "the fourth": (4, 80), "a late one": (9, 300)}


@pytest.mark.parametrize(("count", "pause"), PAUSES.values(), ids=PAUSES.keys())
def test_pauses_double_up_to_their_bound(count: int, pause: int) -> None:
    attempts = [an_attempt(number, DISRUPTED) for number in range(1, count + 1)]
    decision = decide(a_model_view(status=a_model_status(*attempts), now=at(50)))
    assert decision.requeue_after_seconds == pause


def test_a_node_whose_clock_is_ahead_makes_no_pause_longer() -> None:
    pod = an_ended_pod(143, started=4900, finished=5000)
    decision = decide(a_model_view(status=a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(60)))
    assert decision.requeue_after_seconds == 10


CAPS = {
    "crashes end Unknown with the exit code": (
        [Reason.UNKNOWN] * 2, an_ended_pod(1, "bad", attempt=3), Reason.UNKNOWN, "exit code 1",
    ),
    "storage outages end in StorageUnavailable with the same words": (
        [Reason.STORAGE_UNAVAILABLE] * 4,
        an_ended_pod(75, an_outcome(Reason.STORAGE_UNAVAILABLE, "bucket refused", charged=0), attempt=5),
        Reason.STORAGE_UNAVAILABLE, "bucket refused",
    ),
    "disruptions have a cap of their own": (
        [DISRUPTED] * 10, an_ended_pod(143, attempt=11), Reason.UNKNOWN, "It happened 11 times",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "pod", "reason", "words"), CAPS.values(), ids=CAPS.keys())
def test_nothing_is_tried_for_ever(before: list[Reason], pod: Any, reason: Reason, words: str) -> None:
    last = len(before) + 1
    kept = [an_attempt(number, outcome) for number, outcome in enumerate(before, 1)]
    status = a_model_status(*kept[:1], *kept[1:][-8:], an_attempt(last))
    decision = decide(a_model_view(status=status, jobs=(a_job(last),), pods=(pod,)))
    assert (decision.status.phase, decision.status.reason) == (RunPhase.FAILED, reason)
    assert words in (decision.status.message or "")
    assert len(decision.status.attempts) <= 10


def test_kinds_of_failure_do_not_count_for_each_other() -> None:
    ends = [DISRUPTED, Reason.STORAGE_UNAVAILABLE, DISRUPTED, Reason.UNKNOWN, DISRUPTED, Reason.UNKNOWN]
    attempts = [an_attempt(number, outcome) for number, outcome in enumerate(ends, 1)]
    assert decide(a_model_view(status=a_model_status(*attempts), now=at(500))).start == 7


@pytest.mark.parametrize("wish", ["suspend", "cancel"])
def test_a_wish_to_stop_deletes_the_job_and_waits_for_its_end(wish: str) -> None:
    spec = a_model_spec(**{wish: True})
    decision = decide(a_model_view(spec, a_model_status(an_attempt()), jobs=(a_job(),), pods=(a_running_pod(),)))
    assert decision.stop == (a_job(),)
    assert decision.status.phase is RunPhase.TRAINING


def test_a_job_that_is_being_deleted_is_not_deleted_twice() -> None:
    spec, job = a_model_spec(suspend=True), a_job(deleting=True)
    assert decide(a_model_view(spec, a_model_status(an_attempt()), jobs=(job,), pods=(a_running_pod(),))).stop == ()


def test_suspended_then_resumed_goes_on_with_the_next_attempt() -> None:
    pod = an_ended_pod(143, an_outcome(DISRUPTED, charged=40))
    view = a_model_view(a_model_spec(suspend=True), a_model_status(an_attempt()), jobs=(), pods=(pod,))
    suspended = decide(view_with_recorded_pod(view)).status
    assert (suspended.phase, suspended.reason) == (RunPhase.QUEUED, Reason.SUSPENDED)
    resumed = decide(a_model_view(status=suspended, now=at(51)))
    assert resumed.start == 2
    assert resumed.status.budget is not None
    assert resumed.status.budget.charged_seconds == 40


def view_with_recorded_pod(view: Any) -> Any:
    """Return the view with the attempt's pod written down, as it is once a pod has a node."""
    from dataclasses import replace

    status = view.self_.status.model_copy(update={"attempts": (an_attempt(pod_uid="pod-1"),)})
    return replace(view, self_=replace(view.self_, status=status))


def test_a_result_that_came_before_the_cancel_is_kept() -> None:
    spec, pod = a_model_spec(cancel=True), an_ended_pod(0, an_outcome())
    status = decide(a_model_view(spec, a_model_status(an_attempt()), jobs=(a_job(),), pods=(pod,))).status
    assert status.phase is RunPhase.SUCCEEDED


def test_an_attempt_waits_until_the_last_job_is_gone() -> None:
    job = a_job(deleting=True)
    decision = decide(a_model_view(status=a_model_status(an_attempt(outcome=Reason.SUSPENDED)), jobs=(job,)))
    assert decision.start is None


@pytest.mark.parametrize("completed", [True, False], ids=["that is over", "that is not over"])
def test_a_phase_that_another_version_wrote_is_left_alone_where_the_run(completed: bool) -> None:
    status = a_model_status(phase=RunPhase.UNKNOWN, completed_at=at(9) if completed else None)
    assert (decide(a_model_view(status=status)).start is None) is completed

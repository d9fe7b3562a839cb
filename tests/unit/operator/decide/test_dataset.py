"""What is decided about a Dataset, state by state."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Attempt
from darkroom_api.v1alpha1.dataset import DatasetStatus, DatasetSummary
from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.decide.steps import Decision
from tests.builders import (
    a_config,
    a_dataset_spec,
    a_dataset_view,
    a_job,
    a_pod,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_outcome,
    at,
)

SUMMARY = DatasetSummary(images=10, annotations=12, revision="sha256:r1")


def decide(view: Any) -> Decision[DatasetStatus]:
    """Decide with the tests' configuration."""
    return decide_dataset(view, a_config())


def a_status(*attempts: Attempt, generation: int = 1, **changes: Any) -> DatasetStatus:
    """Return a status with these attempts."""
    return DatasetStatus(attempts=attempts, observed_generation=generation, **changes)


def told(reason: Reason = Reason.SUCCEEDED, **changes: Any) -> Any:
    """Return what an inspection reports."""
    return an_outcome(reason, command=Command.INSPECT, **changes)


def test_a_new_dataset_is_inspected() -> None:
    decision = decide(a_dataset_view())
    assert decision.start == 1
    assert decision.status.phase is DatasetPhase.PENDING


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"annotationFiles": ["file:///data/train.json"]}, "annotationFiles"),
        ({"imageRoot": "file:///data"}, "imageRoot"),
        ({"urlMappings": [{"from": "AmlDatastore://w/", "to": "file:///data/"}]}, "urlMappings"),
    ],
    ids=["an annotation file", "an image root", "a mapping"],
)
def test_a_local_file_makes_a_dataset_invalid_and_names_the_field(changes: dict[str, Any], field: str) -> None:
    decision = decide(a_dataset_view(a_dataset_spec(**changes)))
    assert (decision.status.phase, decision.status.reason) == (DatasetPhase.INVALID, Reason.INVALID_CONFIGURATION)
    assert (decision.status.message or "").startswith(f"{field}: `file:")
    assert decision.start is None


def test_a_secret_that_is_not_allowed_waits_for_the_administrator() -> None:
    decision = decide(a_dataset_view(a_dataset_spec(storage={"credentialsSecret": "root"})))
    assert (decision.status.phase, decision.status.reason) == (DatasetPhase.PENDING, Reason.INVALID_CONFIGURATION)
    assert "storage.credentialsSecret: Secret `root`" in (decision.status.message or "")
    assert decision.start is None


STATES = {
    "its pod is placed": ((), DatasetPhase.PENDING, Reason.SCHEDULING),
    "its pod is starting": ((a_pod(),), DatasetPhase.PENDING, Reason.STARTING),
    "its container works": ((a_running_pod(),), DatasetPhase.INSPECTING, Reason.INSPECTING),
    "it was read": ((an_ended_pod(0, told(summary=SUMMARY)),), DatasetPhase.READY, Reason.READY),
    "it is corrupt": (
        (an_ended_pod(65, told(Reason.DATASET_CORRUPT)),), DatasetPhase.INVALID, Reason.DATASET_CORRUPT,
    ),
    "its file is missing": (
        (an_ended_pod(66, told(Reason.DATASET_NOT_FOUND)),), DatasetPhase.INVALID, Reason.DATASET_NOT_FOUND,
    ),
    "its bucket does not answer": (
        (an_ended_pod(75, told(Reason.STORAGE_UNAVAILABLE)),), DatasetPhase.PENDING, Reason.STORAGE_UNAVAILABLE,
    ),
    "its pod was evicted": (
        (an_ended_pod(137, reason="Evicted"),), DatasetPhase.PENDING, Reason.RETRYING_AFTER_DISRUPTION,
    ),
    "its inspection crashed": ((an_ended_pod(1),), DatasetPhase.PENDING, Reason.RETRYING_AFTER_FAILURE),
}  # fmt: skip


@pytest.mark.parametrize(("pods", "phase", "reason"), STATES.values(), ids=STATES.keys())
def test_a_dataset_is_in_its_phase_when(pods: Any, phase: DatasetPhase, reason: Reason) -> None:
    decision = decide(a_dataset_view(status=a_status(an_attempt()), jobs=(a_job(),), pods=pods, now=at(52)))
    assert (decision.status.phase, decision.status.reason) == (phase, reason)


def test_the_summary_of_an_inspection_is_shown() -> None:
    pod = an_ended_pod(0, told(summary=SUMMARY))
    assert decide(a_dataset_view(status=a_status(an_attempt()), jobs=(a_job(),), pods=(pod,))).status.summary == SUMMARY


@pytest.mark.parametrize("phase", [DatasetPhase.READY, DatasetPhase.INVALID])
def test_a_verdict_stays_without_its_job(phase: DatasetPhase) -> None:
    status = a_status(an_attempt(outcome=Reason.SUCCEEDED), phase=phase)
    assert decide(a_dataset_view(status=status)) == Decision(status)


def test_a_changed_spec_is_inspected_again_under_a_new_name_with_the_old_summary_in_sight() -> None:
    old = a_status(an_attempt(outcome=Reason.SUCCEEDED), phase=DatasetPhase.READY, summary=SUMMARY)
    finished = a_job(finished_at=at(10))
    decision = decide(a_dataset_view(status=old, generation=2, jobs=(finished,)))
    assert decision.start == 2
    assert decision.status.phase is DatasetPhase.PENDING
    assert decision.status.summary == SUMMARY
    assert [attempt.number for attempt in decision.status.attempts] == [2]


def test_an_inspection_of_an_older_spec_is_stopped() -> None:
    old = a_status(an_attempt())
    decision = decide(a_dataset_view(status=old, generation=2, jobs=(a_job(generation=1),), pods=(a_running_pod(),)))
    assert decision.stop == (a_job(generation=1),)
    assert decision.start == 2


def test_the_end_of_an_older_inspection_says_nothing_about_the_new_spec() -> None:
    pod = an_ended_pod(0, told(summary=SUMMARY))
    view = a_dataset_view(status=a_status(an_attempt()), generation=2, jobs=(a_job(generation=1),), pods=(pod,))
    assert decide(view).status.phase is DatasetPhase.PENDING


def test_retries_of_an_earlier_spec_do_not_count() -> None:
    ends = [an_attempt(number, Reason.STORAGE_UNAVAILABLE) for number in range(1, 6)]
    old = a_status(*ends, phase=DatasetPhase.INVALID)
    again = decide(a_dataset_view(status=old, generation=2)).status
    pod = an_ended_pod(75, told(Reason.STORAGE_UNAVAILABLE), attempt=6)
    view = a_dataset_view(status=again, generation=2, jobs=(a_job(6, generation=2),), pods=(pod,), now=at(52))
    assert decide(view).status.reason is Reason.STORAGE_UNAVAILABLE


def test_a_storage_that_never_answers_ends_in_storage_unavailable_with_the_same_words() -> None:
    ends = [an_attempt(number, Reason.STORAGE_UNAVAILABLE) for number in range(1, 5)]
    pod = an_ended_pod(75, told(Reason.STORAGE_UNAVAILABLE, message="bucket `x`: refused", charged=0), attempt=5)
    status = decide(
        a_dataset_view(status=a_status(*ends, an_attempt(5)), jobs=(a_job(5),), pods=(pod,), now=at(52))
    ).status
    assert (status.phase, status.reason) == (DatasetPhase.INVALID, Reason.STORAGE_UNAVAILABLE)
    assert "bucket `x`: refused" in (status.message or "")


def test_an_address_that_may_not_be_read_makes_a_dataset_invalid_at_once() -> None:
    pod = an_ended_pod(80, told(Reason.NOT_ALLOWED, message="annotation file https://h/a may not be read"))
    decision = decide(a_dataset_view(status=a_status(an_attempt()), jobs=(a_job(),), pods=(pod,), now=at(52)))
    assert (decision.status.phase, decision.status.reason) == (DatasetPhase.INVALID, Reason.NOT_ALLOWED)
    assert decision.status.message == "annotation file https://h/a may not be read"


def test_of_inspections_with_a_wrong_configuration_one_job_stays() -> None:
    status = a_status(an_attempt(1, Reason.INVALID_CONFIGURATION))
    job = a_job(finished_at=at(51))
    waiting = decide(a_dataset_view(status=status, jobs=(job,), now=at(52)))
    assert (waiting.start, waiting.stop) == (None, ())
    again = decide(a_dataset_view(status=status, jobs=(job,), now=at(61)))
    assert (again.start, again.stop) == (2, (job,))


def test_a_pause_after_which_its_cause_is_not_told_any_more_is_named_again() -> None:
    status = a_status(an_attempt(1, Reason.STORAGE_UNAVAILABLE), message="storage: Secret `x` is not allowed")
    paused = decide(a_dataset_view(status=status, now=at(52))).status
    assert paused.message == "Attempt 1 ended with StorageUnavailable. Attempt 2 starts at 12:01:00Z."
    assert decide(a_dataset_view(status=paused, now=at(54))).status == paused


def test_a_dataset_that_is_being_deleted_is_left_alone() -> None:
    assert decide(a_dataset_view(deleting=True)) == Decision(DatasetStatus())

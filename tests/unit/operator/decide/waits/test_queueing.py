"""What is made of a queue: what a suspended run waits for, which queue is refused, and the condition of a queue."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.model_use import decide_evaluation
from darkroom_operator.decide.waits.queueing import describe_suspended, explain_elsewhere
from darkroom_operator.facts.findings import Findings, Position, QueueFinding, WorkloadFinding
from tests.builders import (
    a_config,
    a_dataset_view,
    a_job,
    a_model_spec,
    a_model_status,
    a_model_view,
    an_attempt,
    an_evaluation_view,
    at,
)

WAITS = WorkloadFinding("job-fruit", "Pending: insufficient unused quota")
DEACTIVATED = WorkloadFinding("job-fruit", "evicted", "DeactivatedDueToRequeuingLimitExceeded: too often")
MULTIKUEUE = "kueue.x-k8s.io/multikueue"


def a_queue(name: str = "team", **changes: Any) -> QueueFinding:
    """Return a LocalQueue that is there."""
    return QueueFinding(name, **{"installed": True, **changes})


SUSPENDED = {
    "Kueue does not answer": (None, Reason.WAITING_FOR_QUOTA, "Job `fruit-12345678-1` has not been admitted yet."),
    "Kueue is not installed": (
        a_queue(installed=False), Reason.WAITING_FOR_QUOTA, "Kueue is not installed in this cluster; it continues when",
    ),
    "the Job names no queue": (
        a_queue(""), Reason.INVALID_CONFIGURATION,
        "holds it for ever. Name a LocalQueue (`spec.queue`, or `defaultQueue` in the installation's values)",
    ),
    "the queue does not exist": (
        a_queue(exists=False), Reason.INVALID_CONFIGURATION,
        "LocalQueue `team` does not exist in namespace `vision`; create it, or name another one (`spec.queue`, or",
    ),
    "the queue is stopped": (
        a_queue(inactive="Stopped: LocalQueue is stopped", workload=WAITS), Reason.WAITING_FOR_QUOTA,
        "LocalQueue `team` admits nothing now: Stopped: LocalQueue is stopped; it goes on when an administrator sets "
        "`spec.stopPolicy`",
    ),
    "the Workload is deactivated, whatever the queue does": (
        a_queue(inactive="Stopped", workload=DEACTIVATED), Reason.WAITING_FOR_QUOTA,
        "Kueue has deactivated the run's Workload `job-fruit` (DeactivatedDueToRequeuingLimitExceeded: too often) and "
        "will not admit it by itself; set `spec.active` of the Workload to true, or delete Job `fruit-12345678-1`",
    ),
    "a person deactivated the Workload": (
        a_queue(workload=WorkloadFinding("job-fruit", deactivated="")), Reason.WAITING_FOR_QUOTA,
        "Workload `job-fruit` and will not admit",
    ),
    "Kueue has made no Workload yet": (
        a_queue(), Reason.WAITING_FOR_QUOTA, "LocalQueue `team` has not admitted the run yet.",
    ),
    "there is no quota": (
        a_queue(workload=WAITS), Reason.WAITING_FOR_QUOTA,
        "LocalQueue `team` has not admitted the run yet: Pending: insufficient unused quota",
    ),
    "others are ahead": (
        a_queue(workload=WAITS, position=Position(3, 10)), Reason.WAITING_FOR_QUOTA,
        "insufficient unused quota (position 3 in the LocalQueue, 10 in its ClusterQueue).",
    ),
    "many others are ahead": (
        a_queue(workload=WAITS, position=Position(11, 501)), Reason.WAITING_FOR_QUOTA,
        "(position after 10 in the LocalQueue, after 500 in its ClusterQueue).",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("queue", "reason", "words"), SUSPENDED.values(), ids=SUSPENDED.keys())
def test_a_suspended_job_says_what_it_waits_for(queue: QueueFinding | None, reason: Reason, words: str) -> None:
    told = describe_suspended(a_job(name="fruit-12345678-1", suspended=True), queue)
    assert told.reason is reason
    assert told.message.startswith("queue: ")
    assert words in told.message


def test_a_run_far_back_in_its_queue_says_the_same_for_many_admissions() -> None:
    told = {
        describe_suspended(a_job(suspended=True), a_queue(workload=WAITS, position=Position(position, position)))
        for position in range(1, 1001)
    }
    assert len(told) == 10 + 6


NOMINATED = a_queue(workload=WorkloadFinding("job-fruit", clusters=("east", "west")))

ELSEWHERE: dict[str, tuple[Any, QueueFinding | None, str | None]] = {
    "MultiKueue took the Job": (
        a_job(queue="far", managed_by=MULTIKUEUE),
        None,
        "`far` sends runs to other clusters (",
    ),
    "another controller took the Job": (a_job(managed_by="example.com/far"), None, "its Job is example.com/far"),
    "MultiKueue nominated clusters": (
        a_job(suspended=True),
        NOMINATED,
        "`team` sends runs to other clusters (to east, ",
    ),
    "the Job works here": (a_job(), NOMINATED, None),
    "the Job waits": (a_job(suspended=True), a_queue(workload=WAITS), None),
    "the Job is being deleted": (a_job(managed_by=MULTIKUEUE, deleting=True), None, None),
    "the Job is over": (a_job(managed_by=MULTIKUEUE, finished_at=at(9)), None, None),
    "there is no Job": (None, NOMINATED, None),
}


@pytest.mark.parametrize(("job", "queue", "words"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_queue_that_sends_runs_to_other_clusters_is_refused(
    job: Any, queue: QueueFinding | None, words: str | None
) -> None:
    told = explain_elsewhere(job, queue)
    assert (told is None) == (words is None)
    assert words is None or words in (told or "")


def test_a_run_that_its_queue_sends_elsewhere_is_stopped_uncharged_and_tried_again_later() -> None:
    job = a_job(suspended=True, queue="far", managed_by=MULTIKUEUE)
    decision = decide_model(a_model_view(status=a_model_status(an_attempt()), jobs=(job,), now=at(5)), a_config())
    status, attempt = decision.status, decision.status.attempts[-1]
    assert (status.phase, status.reason, decision.stop) == (RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, (job,))
    assert "LocalQueue `far` sends runs to other clusters" in (status.message or "")
    assert "Attempt 2 starts at " in (status.message or "")
    assert (attempt.outcome, attempt.free) == ("InvalidConfiguration", True)
    assert status.budget is not None
    assert (status.budget.charged_seconds, status.budget.allocated_seconds) == (0, 0)


WISHES = {"suspends": ({"suspend": True}, Reason.SUSPENDED), "cancels": ({"cancel": True}, Reason.CANCELLED)}


@pytest.mark.parametrize(("wish", "reason"), WISHES.values(), ids=WISHES.keys())
def test_of_a_run_that_is_elsewhere_a_user_is_obeyed_who(wish: dict[str, bool], reason: Reason) -> None:
    job = a_job(suspended=True, managed_by=MULTIKUEUE)
    view = a_model_view(a_model_spec(**wish), a_model_status(an_attempt()), jobs=(job,))
    decision = decide_model(view, a_config())
    assert (decision.status.reason, decision.stop) == (reason, (job,))


def tell(status: Any) -> list[tuple[str, str]]:
    """Return what a status says of its queue."""
    return [(str(c.status), c.message) for c in status.conditions if c.type == "QueueAvailable"]


def test_every_kind_tells_whether_its_queue_can_admit_it() -> None:
    config, found = a_config(defaultQueue="team"), Findings(queue=a_queue(exists=False))
    told = [
        tell(decide_dataset(a_dataset_view(found=found), config).status),
        tell(decide_model(a_model_view(found=found), config).status),
        tell(decide_evaluation(an_evaluation_view(found=found), config).status),
    ]
    assert all(said == told[0] for said in told)
    assert told[0][0][0] == "False"
    assert "LocalQueue `team` does not exist in namespace `vision`" in told[0][0][1]


CONDITIONS: dict[str, tuple[QueueFinding | None, str | None]] = {
    "admits runs": (a_queue(), "True"),
    "is stopped": (a_queue(inactive="Stopped"), "False"),
    "is of a cluster without Kueue": (a_queue(installed=False), "False"),
    "is not known yet": (None, None),
}


@pytest.mark.parametrize(("queue", "status"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_a_condition_tells_whether_a_queue(queue: QueueFinding | None, status: str | None) -> None:
    view = a_model_view(a_model_spec(queue="team"), found=Findings(queue=queue))
    assert [said for said, _ in tell(decide_model(view, a_config()).status)] == ([status] if status else [])


def test_a_queue_that_is_named_no_more_leaves_no_condition() -> None:
    found = Findings(queue=a_queue())
    named = decide_model(a_model_view(a_model_spec(queue="team"), found=found), a_config()).status
    assert tell(named)
    assert not tell(decide_model(a_model_view(status=named, found=found), a_config()).status)


def test_a_dataset_that_was_inspected_is_left_alone_whatever_its_queue() -> None:
    ready = DatasetStatus(phase=DatasetPhase.READY, observed_generation=1)
    view = a_dataset_view(status=ready, found=Findings(queue=a_queue(exists=False)))
    assert decide_dataset(view, a_config(defaultQueue="team")).status == ready

"""What Kueue's objects say, read as findings: its words as they are, and what is of another form refused."""

from typing import Any

import pytest

from darkroom_operator.facts.findings import Position, WorkloadFinding
from darkroom_operator.facts.reading import UnreadableObjectError
from darkroom_operator.facts.workloads import read_inactivity, read_job_uid, read_positions, read_workload


def a_condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, str]:
    """Return a condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


def a_workload(*conditions: dict[str, str], active: bool | None = None, **status: Any) -> dict[str, Any]:
    """Return a Workload."""
    metadata = {"namespace": "vision", "name": "job-fruit", "uid": "w"}
    return {"metadata": metadata, "spec": {"active": active}, "status": {"conditions": list(conditions), **status}}


NO_QUOTA = a_condition("QuotaReserved", "False", "Pending", "insufficient unused quota")
RESERVED = a_condition("QuotaReserved", "True", "QuotaReserved", "in cluster queue")
PREEMPTED = a_condition("Evicted", "True", "Preempted", "for another")
LIMIT = a_condition("Evicted", "True", "DeactivatedDueToRequeuingLimitExceeded", "exceeded the maximum number")
DEACTIVATED = "DeactivatedDueToRequeuingLimitExceeded: exceeded the maximum number"

WORKLOADS: dict[str, tuple[dict[str, Any], WorkloadFinding]] = {
    "of which nothing is said yet": (a_workload(), WorkloadFinding("job-fruit")),
    "without quota": (a_workload(NO_QUOTA), WorkloadFinding("job-fruit", "Pending: insufficient unused quota")),
    "that was evicted": (
        a_workload(PREEMPTED, NO_QUOTA, active=True),
        WorkloadFinding("job-fruit", "evicted, Preempted: for another; Pending: insufficient unused quota"),
    ),
    "with quota reserved": (a_workload(RESERVED), WorkloadFinding("job-fruit", "its quota is reserved")),
    "that waits for a check": (
        a_workload(RESERVED, a_condition("Admitted", "False", "NoChecks", "waits for checks")),
        WorkloadFinding("job-fruit", "NoChecks: waits for checks"),
    ),
    "that Kueue deactivated": (
        a_workload(LIMIT, active=False), WorkloadFinding("job-fruit", f"evicted, {DEACTIVATED}", DEACTIVATED),
    ),
    "that a person deactivated": (a_workload(active=False), WorkloadFinding("job-fruit", deactivated="")),
    "for which clusters are nominated": (
        a_workload(RESERVED, nominatedClusterNames=["east", "west"]),
        WorkloadFinding("job-fruit", "its quota is reserved", clusters=("east", "west")),
    ),
    "that runs in another cluster": (
        a_workload(RESERVED, clusterName="east"),
        WorkloadFinding("job-fruit", "its quota is reserved", clusters=("east",)),
    ),
}  # fmt: skip


def test_a_workload_names_its_job_by_a_label() -> None:
    labelled = a_workload()
    labelled["metadata"]["labels"] = {"kueue.x-k8s.io/job-uid": "j"}
    assert (read_job_uid(labelled), read_job_uid(a_workload())) == ("j", "")


@pytest.mark.parametrize(("raw", "finding"), WORKLOADS.values(), ids=WORKLOADS.keys())
def test_a_workload_is_read_in_kueues_words(raw: dict[str, Any], finding: WorkloadFinding) -> None:
    assert read_workload(raw) == finding


INACTIVE = {
    "active": ([a_condition("Active", "True", "Ready", "Can submit")], ""),
    "not seen by Kueue yet": ([], ""),
    "held": ([a_condition("Active", "False", "Stopped", "LocalQueue is stopped")], "Stopped: LocalQueue is stopped"),
}


@pytest.mark.parametrize(("conditions", "words"), INACTIVE.values(), ids=INACTIVE.keys())
def test_a_queue_that_admits_nothing_says_why(conditions: list[dict[str, str]], words: str) -> None:
    assert read_inactivity({"metadata": {"name": "team"}, "status": {"conditions": conditions}}) == words


def test_places_are_counted_from_one_by_the_jobs_that_wait() -> None:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "fruit-1", "uid": "job-1"}
    waiting = {"metadata": {"ownerReferences": [owner]}, "positionInLocalQueue": 0, "positionInClusterQueue": 4}
    assert read_positions({"items": [waiting]}) == {"job-1": Position(1, 5)}
    assert read_positions({"items": None}) == {}


UNREADABLE = {
    "a Workload without a name": (read_workload, {"metadata": {}}),
    "a Workload whose activity is a word": (read_workload, {**a_workload(), "spec": {"active": "perhaps"}}),
    "a queue whose conditions are a number": (read_inactivity, {"status": {"conditions": 1}}),
    "a position that is negative": (
        read_positions, {"items": [{"metadata": {}, "positionInLocalQueue": -1, "positionInClusterQueue": 0}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("read", "raw"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_of_another_form_is_refused(read: Any, raw: Any) -> None:
    with pytest.raises(UnreadableObjectError):
        read(raw)

"""When the API server is asked why a run does not start, what is made of the answers, and what is never asked."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from darkroom_api import names
from darkroom_operator.cluster import ClusterError
from darkroom_operator.findings import Findings
from darkroom_operator.inquiries import FIRST_SECONDS, LONGEST_SECONDS, SILENT_SECONDS, Inquirer
from darkroom_operator.resources import EVENTS, PODS, Resource
from darkroom_operator.warning_events import pick_complaint
from tests.builders import at, stamp
from tests.unit.operator.fake_cluster import FakeCluster, Json
from tests.unit.operator.workbench import MODEL, Workbench

LOCAL_QUEUES: Final = Resource("kueue.x-k8s.io", "v1beta2", "localqueues", "LocalQueue")
WORKLOADS: Final = Resource("kueue.x-k8s.io", "v1beta2", "workloads", "Workload")
JOB_NAME: Final = names.child_name("fruit", "uid-fruit", 1)


class Desk:
    """An inquirer with a clock of its own, on the workbench's cluster."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.cluster = bench, bench.cluster
        self.seconds = 0.0
        cluster: Any = bench.cluster
        self.inquirer = Inquirer(cluster, bench.store, lambda: self.seconds)

    def find(self) -> tuple[Findings, float | None]:
        """Ask about the Model as it is now."""
        self.bench.hear()
        owner = self.bench.store.owner(MODEL)
        assert owner is not None
        return asyncio.run(self.inquirer.find(owner, at(self.seconds)))

    def asked(self, what: str) -> int:
        """Return how often the API server was asked for something."""
        return sum(1 for plural, _ in self.cluster.reads if plural == what)


@pytest.fixture
def desk(bench: Workbench) -> Desk:
    """Return a desk whose Model has a Job since the clock's start."""
    bench.reconcile()
    bench.cluster.objects["jobs", "vision", JOB_NAME]["metadata"]["creationTimestamp"] = stamp(0)
    bench.start()
    return Desk(bench)


def add_event(cluster: FakeCluster, about: str, note: str, seconds: float = 1, reason: str = "FailedCreate") -> None:
    """Let a controller post a Warning."""
    cluster.add(
        EVENTS,
        {
            "metadata": {"name": f"e-{seconds}-{note[:8]}"},
            "type": "Warning",
            "reason": reason,
            "note": note,
            "deprecatedLastTimestamp": stamp(seconds),
            "regarding": {"uid": about},
        },
    )


def add_pod(cluster: FakeCluster, **status: Any) -> Json:
    """Let the Job controller make the pod, and the scheduler place it."""
    job = cluster.objects["jobs", "vision", JOB_NAME]
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(0)}
    return cluster.add(
        PODS,
        {
            "metadata": {
                "name": "p",
                "labels": job["metadata"]["labels"],
                "ownerReferences": [{"uid": job["metadata"]["uid"], "controller": True}],
            },
            "spec": {"nodeName": "node0"},
            "status": {"phase": "Pending", "conditions": [placed], **status},
        },
    )


def test_a_run_that_gets_on_asks_for_nothing(bench: Workbench) -> None:
    bench.reconcile()
    add_pod(bench.cluster, containerStatuses=[{"name": "trainer", "state": {"running": {"startedAt": stamp(2)}}}])
    bench.reconcile()
    assert bench.status()["phase"] == "Training"
    assert bench.cluster.reads == []


def test_a_new_run_is_looked_at_again_before_ten_seconds_are_over(bench: Workbench) -> None:
    pause = bench.reconcile()
    assert pause is not None
    assert pause <= FIRST_SECONDS


def test_a_job_without_a_pod_is_asked_about_after_three_seconds(desk: Desk) -> None:
    add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    assert desk.find() == (Findings(), FIRST_SECONDS)
    desk.seconds = FIRST_SECONDS
    found, _ = desk.find()
    assert found.complaint is not None
    assert found.complaint.message == "exceeded quota: team"


def test_a_job_that_an_operator_finds_waiting_at_its_start_is_asked_about_at_once(desk: Desk) -> None:
    desk.seconds = 600
    add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    assert desk.find()[0].complaint is not None


def test_the_pauses_between_questions_grow(desk: Desk) -> None:
    for _ in range(600):
        desk.find()
        desk.seconds += 1
    assert desk.asked("events") <= 4 + 600 / LONGEST_SECONDS + 3


def test_a_pod_that_was_placed_and_does_not_start_is_asked_about(desk: Desk) -> None:
    add_pod(desk.cluster)
    add_event(desk.cluster, "uid-p", 'secret "darkroom-b" not found', reason="FailedMount")
    desk.seconds = 4
    found, again = desk.find()
    assert found.complaint is not None
    assert (found.complaint.about, found.complaint.reason) == ("uid-p", "FailedMount")
    assert again == FIRST_SECONDS


def test_an_image_that_is_being_fetched_is_not_asked_about(desk: Desk) -> None:
    ready = {"type": "PodReadyToStartContainers", "status": "True"}
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(0)}
    add_pod(desk.cluster, conditions=[placed, ready])
    desk.seconds = 300
    assert desk.find() == (Findings(), None)
    assert desk.asked("events") == 0


def test_a_question_that_is_not_answered_keeps_what_was_known(desk: Desk) -> None:
    add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    desk.seconds = 4
    known, again = desk.find()
    assert again is not None
    desk.seconds += again
    desk.cluster.failures = [ClusterError(403, "Forbidden", "events is forbidden")]
    assert desk.find()[0] == known


def test_the_newest_event_that_tells_a_cause_counts() -> None:
    cluster = FakeCluster()
    add_event(cluster, "p", 'secret "a" not found', 1)
    add_event(cluster, "p", 'secret "b" not found', 5)
    add_event(cluster, "p", "timed out waiting for the condition", 9)
    found = pick_complaint("p", [item for (kind, _, _), item in cluster.objects.items() if kind == "events"])
    assert found is not None
    assert found.message == 'secret "b" not found'


def test_a_cause_that_is_told_no_more_is_over() -> None:
    cluster = FakeCluster()
    add_event(cluster, "p", 'secret "a" not found', 1)
    add_event(cluster, "p", "no address left", 600)
    found = pick_complaint("p", [item for (kind, _, _), item in cluster.objects.items() if kind == "events"])
    assert found is not None
    assert found.message == "no address left"


def test_silence_is_strange_after_a_while(desk: Desk) -> None:
    desk.seconds = SILENT_SECONDS - 1
    assert not desk.find()[0].silent
    desk.seconds = SILENT_SECONDS
    assert desk.find()[0].silent
    add_pod(desk.cluster, conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}])
    assert not desk.find()[0].silent


def test_a_missing_secret_is_in_the_status_and_goes_when_the_container_starts(bench: Workbench) -> None:
    bench.reconcile()
    add_pod(bench.cluster)
    words = 'MountVolume.SetUp failed for volume "credentials-dataset" : secret "darkroom-bucket" not found'
    add_event(bench.cluster, "uid-p", words, reason="FailedMount")
    bench.reconcile()
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "InvalidConfiguration")
    assert bench.status()["message"].startswith("dataset: storage.credentialsSecret: Secret `darkroom-bucket`")
    written = len(bench.cluster.writes)
    bench.reconcile()
    assert len(bench.cluster.writes) == written
    pod = bench.cluster.objects["pods", "vision", "p"]
    pod["status"]["containerStatuses"] = [{"name": "trainer", "state": {"running": {"startedAt": stamp(60)}}}]
    pod["metadata"]["resourceVersion"] = "900"
    bench.reconcile()
    assert bench.status()["phase"] == "Training"


def queue_model(bench: Workbench, **spec: Any) -> None:
    """Let the Model name a queue."""
    bench.cluster.objects["models", "vision", "fruit"]["spec"] |= {"queue": "team", **spec}


def condition(bench: Workbench) -> tuple[str, str, str] | None:
    """Return what the status says of the queue."""
    told = [c for c in bench.status()["conditions"] if c["type"] == "QueueAvailable"]
    return (told[0]["status"], told[0]["reason"], told[0]["message"]) if told else None


def install_kueue(bench: Workbench, **status: Any) -> None:
    """Let Kueue be there, with the queue."""
    bench.cluster.groups["kueue.x-k8s.io"] = "v1beta2"
    bench.cluster.add(LOCAL_QUEUES, {"metadata": {"name": "team"}, "status": status})


def suspend_job(bench: Workbench, *conditions: Json) -> None:
    """Let Kueue's webhook suspend the Job, and its controller say something of it."""
    job = bench.cluster.objects["jobs", "vision", JOB_NAME]
    job["spec"]["suspend"] = True
    job["metadata"]["resourceVersion"] = "900"
    labels = {"kueue.x-k8s.io/job-uid": job["metadata"]["uid"]}
    bench.cluster.add(WORKLOADS, {"metadata": {"name": "w", "labels": labels}, "status": {"conditions": conditions}})


def test_without_a_queue_nothing_is_asked_of_kueue(bench: Workbench) -> None:
    install_kueue(bench)
    bench.reconcile()
    bench.reconcile()
    assert bench.cluster.reads == []
    assert condition(bench) is None


def test_a_queue_without_kueue_is_a_condition_and_the_run_is_placed_all_the_same(bench: Workbench) -> None:
    queue_model(bench)
    bench.reconcile()
    told = condition(bench)
    assert told is not None
    assert told[:2] == ("False", "QueueUnavailable")
    assert told[2].startswith("queue: Kueue is not installed")
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "Scheduling")
    assert len(bench.cluster.writes) == 2


def test_a_queue_that_does_not_exist_is_named(bench: Workbench) -> None:
    bench.cluster.groups["kueue.x-k8s.io"] = "v1beta2"
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench)
    bench.reconcile()
    message = "queue: LocalQueue `team` does not exist in namespace `vision`"
    assert bench.status()["reason"] == "InvalidConfiguration"
    assert bench.status()["message"].startswith(message)
    told = condition(bench)
    assert told is not None
    assert told[:2] == ("False", "QueueUnavailable")
    assert told[2].startswith(message)


def test_a_queue_that_admits_nothing_is_quoted(bench: Workbench) -> None:
    inactive = {"type": "Active", "status": "False", "reason": "ClusterQueueIsInactive", "message": "no flavor"}
    install_kueue(bench, conditions=[inactive])
    queue_model(bench)
    bench.reconcile()
    told = condition(bench)
    assert told is not None
    assert told[:2] == ("False", "QueueUnavailable")
    assert told[2].endswith("ClusterQueueIsInactive: no flavor")


WORKLOADS_SAID = {
    "no quota": (
        [{"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": "insufficient unused quota"}],
        "Pending: insufficient unused quota",
    ),
    "an eviction": (
        [
            {"type": "Evicted", "status": "True", "reason": "Preempted", "message": "for another"},
            {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": "no quota"},
        ],
        "evicted, Preempted: for another; Pending: no quota",
    ),
    "an admission check": (
        [
            {"type": "QuotaReserved", "status": "True", "reason": "QuotaReserved", "message": "in cluster queue"},
            {"type": "Admitted", "status": "False", "reason": "NoChecks", "message": "waits for checks"},
        ],
        "NoChecks: waits for checks",
    ),
}


@pytest.mark.parametrize(("said", "words"), WORKLOADS_SAID.values(), ids=WORKLOADS_SAID.keys())
def test_a_run_that_waits_in_a_queue_says_so_in_kueues_words(bench: Workbench, said: list[Json], words: str) -> None:
    install_kueue(bench)
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench, *said)
    bench.reconcile()
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "WaitingForQuota")
    assert words in bench.status()["message"]
    assert (condition(bench) or ("",))[0] == "True"


def test_kueue_that_is_installed_later_is_found(desk: Desk) -> None:
    queue_model(desk.bench)
    desk.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    found, _ = desk.find()
    assert found.queue is not None
    assert not found.queue.installed
    install_kueue(desk.bench)
    desk.seconds = 31
    found, _ = desk.find()
    assert found.queue is not None
    assert found.queue.installed


def test_what_kueue_says_is_asked_for_now_and_then(desk: Desk) -> None:
    install_kueue(desk.bench)
    queue_model(desk.bench)
    desk.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    suspend_job(desk.bench)
    for _ in range(600):
        desk.find()
        desk.seconds += 1
    assert desk.asked("apis") == 20
    assert desk.asked("workloads") <= 15


def test_a_queue_that_is_taken_out_of_the_spec_leaves_no_condition(bench: Workbench) -> None:
    queue_model(bench)
    bench.reconcile()
    stored = bench.cluster.objects["models", "vision", "fruit"]
    del stored["spec"]["queue"]
    stored["metadata"] |= {"resourceVersion": "900", "generation": 2}
    bench.reconcile()
    assert condition(bench) is None


def test_a_stuck_job_is_replaced_when_the_spec_asks_for_something_else(bench: Workbench) -> None:
    stored = bench.cluster.objects["models", "vision", "fruit"]
    stored["spec"]["priorityClassName"] = "missing"
    bench.reconcile()
    add_event(bench.cluster, f"uid-{JOB_NAME}", 'pods "f" is forbidden: no PriorityClass with name missing was found')
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    bench.cluster.objects["jobs", "vision", JOB_NAME]["metadata"]["creationTimestamp"] = a_minute_ago.isoformat()
    bench.start()
    bench.reconcile()
    assert bench.status()["message"].startswith("priorityClassName: PriorityClass `missing` does not exist")
    assert bench.counted("jobs") == [("create", "jobs", JOB_NAME)]
    stored["spec"]["priorityClassName"] = "there"
    stored["metadata"] |= {"resourceVersion": "900", "generation": 2}
    bench.reconcile()
    assert bench.counted("jobs") == [("create", "jobs", JOB_NAME), ("delete", "jobs", JOB_NAME)]


def test_a_job_that_admission_changed_is_no_other_job(bench: Workbench) -> None:
    install_kueue(bench)
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench)
    job = bench.cluster.objects["jobs", "vision", JOB_NAME]
    job["spec"]["template"]["spec"]["nodeSelector"] = {"flavor": "spot"}
    bench.reconcile()
    assert bench.status()["reason"] == "WaitingForQuota"
    assert len(bench.counted("jobs")) == 1


def test_a_job_in_another_queue_is_replaced(bench: Workbench) -> None:
    install_kueue(bench)
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench)
    stored = bench.cluster.objects["models", "vision", "fruit"]
    stored["spec"]["queue"] = "other"
    stored["metadata"] |= {"resourceVersion": "901", "generation": 2}
    bench.reconcile()
    assert bench.counted("jobs")[-1] == ("delete", "jobs", JOB_NAME)


def test_a_kueue_that_does_not_answer_stops_no_run(bench: Workbench) -> None:
    queue_model(bench)
    bench.cluster.failures = [ClusterError(503, "ServiceUnavailable", "later")]
    bench.reconcile()
    assert (bench.status()["reason"], condition(bench)) == ("Scheduling", None)

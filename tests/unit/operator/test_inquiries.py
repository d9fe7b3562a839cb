"""When the API server is asked why a run does not start, what is made of the answers, and what is never asked."""

from datetime import UTC, datetime, timedelta

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.facts.findings import Findings
from darkroom_operator.observing.inquiries import FIRST_SECONDS, LONGEST_SECONDS, SILENT_SECONDS
from darkroom_operator.observing.warning_events import pick_complaint
from tests.builders import stamp
from tests.unit.operator.desk import JOB_NAME, Desk, add_event, add_pod
from tests.unit.operator.fake_cluster import FakeCluster
from tests.unit.operator.workbench import Workbench


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

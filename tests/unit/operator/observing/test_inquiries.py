"""What is found about a run that does not start, from when it counts, and that nobody is asked for it."""

import pytest

from darkroom_operator.api.resources import WARNINGS
from darkroom_operator.facts.findings import Findings
from darkroom_operator.observing.inquiries import FIRST_SECONDS, SILENT_SECONDS
from tests.builders import stamp
from tests.unit.operator.desk import JOB_NAME, Desk, add_event, add_pod
from tests.unit.operator.workbench import MODEL, Workbench


def test_a_run_that_progresses_asks_for_nothing(bench: Workbench) -> None:
    bench.reconcile()
    add_pod(bench.cluster, containerStatuses=[{"name": "trainer", "state": {"running": {"startedAt": stamp(2)}}}])
    bench.reconcile()
    assert bench.status()["phase"] == "Training"
    assert bench.cluster.reads == []


def test_a_new_run_is_looked_at_again_before_its_silence_gets_strange(bench: Workbench) -> None:
    pause = bench.reconcile()
    assert pause is not None
    assert pause <= SILENT_SECONDS


def test_a_warning_about_a_new_run_wakes_it_and_it_is_looked_at_again_before_ten_seconds_are_over(desk: Desk) -> None:
    assert desk.find() == (Findings(), SILENT_SECONDS)
    event = add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    assert desk.bench.store.put(WARNINGS, event) == {MODEL}
    assert desk.find() == (Findings(), FIRST_SECONDS)


def test_a_job_without_a_pod_is_explained_after_three_seconds(desk: Desk) -> None:
    add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    assert desk.find() == (Findings(), FIRST_SECONDS)
    desk.seconds = FIRST_SECONDS
    found, _ = desk.find()
    assert found.complaint is not None
    assert found.complaint.message == "exceeded quota: team"


def test_a_job_that_an_operator_finds_waiting_at_its_start_is_explained_at_once(desk: Desk) -> None:
    desk.seconds = 600
    add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    assert desk.find()[0].complaint is not None


def test_nobody_is_asked_about_a_job_that_waits(desk: Desk) -> None:
    for _ in range(600):
        desk.find()
        desk.seconds += 1
    assert desk.asked("events") == 0


def test_a_pod_that_was_placed_and_does_not_start_is_explained(desk: Desk) -> None:
    add_pod(desk.cluster)
    add_event(desk.cluster, "uid-p", 'secret "darkroom-b" not found', reason="FailedMount")
    desk.seconds = 4
    found, again = desk.find()
    assert found.complaint is not None
    assert (found.complaint.about, found.complaint.reason) == ("uid-p", "FailedMount")
    assert again is None


def test_nothing_is_found_about_an_image_that_is_being_fetched(desk: Desk) -> None:
    ready = {"type": "PodReadyToStartContainers", "status": "True"}
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(0)}
    add_pod(desk.cluster, conditions=[placed, ready])
    desk.seconds = 300
    assert desk.find() == (Findings(), None)
    assert desk.asked("events") == 0


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


@pytest.mark.parametrize(("pods", "told"), [(2, True), (1, False)], ids=["one of two", "all"])
def test_what_keeps_other_nodes_of_a_run_from_being_made_is_told_while_the_first_works(
    pods: int, told: bool, desk: Desk
) -> None:
    desk.cluster.objects["jobs", "vision", JOB_NAME]["spec"] |= {"completionMode": "Indexed", "parallelism": pods}
    statuses = [{"name": "trainer", "state": {"running": {"startedAt": stamp(1)}}}]
    add_pod(desk.cluster, phase="Running", containerStatuses=statuses)
    add_event(desk.cluster, f"uid-{JOB_NAME}", "exceeded quota: team")
    desk.seconds = 4
    found, _ = desk.find()
    assert (found.complaint is not None) is told

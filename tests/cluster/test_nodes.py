"""A Model on two small nodes of the real cluster: they meet, train, lose one, and are charged for what they did."""

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import POLL_SECONDS, message_of, phase_of, reason_of, status_of
from tests.cluster.host import processes
from tests.cluster.scenarios import disruptions
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import VALUES, Installation
from tests.cluster.storage.bucket import Bucket

SMALL: Final = {"cpu": "1", "cpuRequest": "100m", "memory": "2Gi", "sharedMemory": "256Mi", "ephemeralStorage": "1Gi"}
CLASSES: Final = {
    **VALUES["computeClasses"],
    "spread": {**SMALL, "resourceName": None, "maxNodes": 3},
    "nowhere": {**SMALL, "resourceName": None, "maxNodes": 3, "cpuRequest": "900m"},
}
INDEX: Final = "batch.kubernetes.io/job-completion-index"
BUDGET_SECONDS: Final = 60
MEET_SECONDS: Final = 120
GONE_SECONDS: Final = 75


@pytest.fixture(scope="module")
def runs(
    connection: Connection, bucket: Bucket, namespace: str, digits: object, installation: Installation
) -> Iterator[Runs]:
    """Return this module's runs, with a Dataset that is ready, where a class lets Models have three nodes."""
    assert digits
    installation.install(computeClasses=CLASSES)
    runs = Runs(connection, bucket, namespace)
    connection.apply(manifests.a_dataset("digits", namespace, bucket.uri("digits/train.json")))
    runs.waiter.phase("Dataset", namespace, "digits", "Ready", 90)
    yield runs
    installation.install()


def apply(runs: Runs, name: str, **compute: Any) -> None:
    """Apply a Model with this compute."""
    runs.apply(name, budget=f"{BUDGET_SECONDS}s", compute={"class": "spread", **compute})


def wait_for_pod(runs: Runs, name: str, index: int, attempt: int = 1) -> Manifest:
    """Return the pod of an index once its container runs."""
    deadline = time.monotonic() + MEET_SECONDS
    selector = f"darkroom.dev/name={name},darkroom.dev/attempt={attempt}"
    while time.monotonic() < deadline:
        for pod in runs.connection.select("Pod", runs.namespace, selector):
            states = [status["state"] for status in pod["status"].get("containerStatuses", [])]
            if pod["metadata"]["annotations"].get(INDEX) == str(index) and any("running" in each for each in states):
                return pod
        time.sleep(POLL_SECONDS)
    pytest.fail(f"no running pod {index} of {name}\n{runs.waiter.describe('Model', runs.namespace, name)}")


def wait_until_training(runs: Runs, name: str, nodes: int) -> None:
    """Wait until so many nodes take part."""

    def trains(model: Manifest) -> bool:
        taking_part: int | None = status_of(model).get("progress", {}).get("nodes")
        return phase_of(model) == "Training" and taking_part == nodes

    runs.waiter.until("Model", runs.namespace, name, trains, MEET_SECONDS, f"a training on {nodes} nodes")


def check_end(runs: Runs, name: str, attempts: int = 1) -> dict[str, Any]:
    """Wait for the end of a Model; check what is charged, and that nothing works on; returns its status."""
    status = runs.end(name, 240)
    assert status["phase"] == "Succeeded", status
    assert len(status["attempts"]) == attempts, status
    assert 0 < status["budget"]["chargedSeconds"] <= BUDGET_SECONDS
    assert status["budget"]["allocatedSeconds"] >= status["budget"]["chargedSeconds"] - 1
    deadline = time.monotonic() + GONE_SECONDS
    while runs.live_pods(name):
        assert time.monotonic() < deadline, f"pods of {name} work on"
        time.sleep(POLL_SECONDS)
    return status


@pytest.mark.extended
def test_two_nodes_train_one_model_and_both_are_counted(runs: Runs) -> None:
    apply(runs, "both", nodes=2)
    wait_until_training(runs, "both", 2)
    status = check_end(runs, "both")
    attempt = status["attempts"][0]
    assert (attempt["nodes"], status["allocation"]["nodes"], status["allocation"]["minNodes"]) == (2, 2, 2)
    began = runs.connection.select("Pod", runs.namespace, "darkroom.dev/name=both")
    assert {pod["metadata"]["annotations"][INDEX] for pod in began} == {"0", "1"}


@pytest.mark.parametrize("how", ["SIGKILL", pytest.param("deletion", marks=pytest.mark.extended)])
def test_a_lost_worker_ends_nothing_and_costs_no_more_than_the_budget(runs: Runs, how: str) -> None:
    name = f"lost-{how.lower()}"
    apply(runs, name, nodes=2, minNodes=1)
    wait_until_training(runs, name, 2)
    worker = wait_for_pod(runs, name, 1)
    if how == "SIGKILL":
        assert processes.kill_processes(worker), "the worker has no process any more"
    else:
        disruptions.delete(runs.connection, worker)
    status = check_end(runs, name)
    assert status["attempts"][0]["exitCode"] == 0


@pytest.mark.extended
def test_a_lost_index_0_is_free_and_the_run_resumes_with_new_pods(runs: Runs) -> None:
    apply(runs, "led", nodes=2, minNodes=1)
    wait_until_training(runs, "led", 2)
    runs.wait_for_checkpoint("led", 1)
    disruptions.drain(runs.connection, wait_for_pod(runs, "led", 0))
    status = check_end(runs, "led", attempts=2)
    assert [attempt["free"] for attempt in status["attempts"]] == [True, False]


def test_a_run_without_room_for_its_nodes_waits_charges_nothing_and_says_what_is_missing(runs: Runs) -> None:
    runs.apply("crowded", budget="60s", compute={"class": "nowhere", "nodes": 3})

    def names_it(model: Manifest) -> bool:
        waits = reason_of(model) in ("WaitingForNodes", "Unschedulable")  # the latter where index 0 found no place
        return waits and "Insufficient cpu" in message_of(model)

    model = runs.waiter.until("Model", runs.namespace, "crowded", names_it, MEET_SECONDS, "the scheduler's words")
    assert model["status"]["budget"]["chargedSeconds"] == 0
    runs.delete_and_check("crowded", GONE_SECONDS)

"""What takes a run's pod away, and what its user does to it while it works: it goes on where it was, or ends well."""

import time
from collections.abc import Iterator

import pytest

from tests.cluster.api import manifests, recorder
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import phase_of, reason_of, status_of
from tests.cluster.host import node
from tests.cluster.scenarios import disruptions
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import Installation
from tests.cluster.storage.bucket import Bucket

RESUMED = "resuming from"
GONE_SECONDS = 40


@pytest.fixture(scope="module")
def runs(connection: Connection, bucket: Bucket, namespace: str, digits: object) -> Runs:
    """Return this module's runs, with a Dataset that is ready."""
    assert digits
    runs = Runs(connection, bucket, namespace)
    connection.apply(manifests.a_dataset("digits", namespace, bucket.uri("digits/train.json")))
    runs.waiter.phase("Dataset", namespace, "digits", "Ready", 90)
    return runs


def test_a_run_that_is_drained_and_then_preempted_resumes_twice_for_free(runs: Runs) -> None:
    with recorder.record(runs.connection, "Model", runs.namespace) as models:
        runs.apply("moved", budget="45s")
        disruptions.drain(runs.connection, runs.wait_for_checkpoint("moved", 1))
        pod = runs.wait_for_checkpoint("moved", 2)
        second_log = runs.read_log("moved", 2)
        disruptions.preempt(runs.connection, pod)
        status = runs.end("moved", 120)
    assert status["phase"] == "Succeeded", status
    assert "RetryingAfterDisruption" in models.reasons_of("moved")
    assert [attempt["free"] for attempt in status["attempts"]] == [True, True, False]
    assert RESUMED in second_log
    assert RESUMED in runs.read_log("moved", 3)
    assert 0 < status["budget"]["chargedSeconds"] <= 45
    assert status["budget"]["allocatedSeconds"] >= status["budget"]["chargedSeconds"] - 1


def test_a_suspended_run_frees_its_device_costs_nothing_and_goes_on(runs: Runs) -> None:
    runs.apply("paused", budget="45s")
    pod = runs.wait_for_checkpoint("paused", 1)
    runs.steer("paused", suspend=True)
    disruptions.wait_until_gone(runs.connection, pod)
    runs.waiter.until("Model", runs.namespace, "paused", _is_suspended_at_rest, 30, "a rest without a pod")
    charged = runs.status("paused")["budget"]["chargedSeconds"]
    time.sleep(8)
    assert runs.status("paused")["budget"]["chargedSeconds"] == charged > 0
    assert runs.live_pods("paused") == []
    runs.steer("paused", suspend=False)
    status = runs.end("paused", 90)
    assert status["phase"] == "Succeeded", status
    assert RESUMED in runs.read_log("paused", 2)
    assert [attempt["free"] for attempt in status["attempts"]] == [True, False]


def _is_suspended_at_rest(model: Manifest) -> bool:
    attempts = status_of(model).get("attempts", [])
    return phase_of(model) == "Queued" and reason_of(model) == "Suspended" and "outcome" in attempts[-1]


def test_a_cancelled_run_hands_over_the_best_model_so_far(runs: Runs, bucket: Bucket) -> None:
    runs.apply("enough", budget="10m")
    runs.wait_for_checkpoint("enough", 1)
    runs.steer("enough", cancel=True)
    status = runs.end("enough", 90)
    assert (status["phase"], status["reason"]) == ("Cancelled", "Cancelled"), status
    uri = status["artifacts"]["uri"].rstrip("/")
    assert bucket.read(f"{uri}/model.safetensors")
    assert bucket.read_json(f"{uri}/model.json")["task"] == "classifier"
    assert 0 < status["budget"]["chargedSeconds"] < 120


def test_a_run_that_is_cancelled_before_it_works_says_that_there_is_no_model(
    runs: Runs, connection: Connection
) -> None:
    node.set_gpus(connection, 0)
    try:
        runs.apply("early", budget="45s")
        runs.waiter.reason("Model", runs.namespace, "early", "Unschedulable", 30)
        runs.steer("early", cancel=True)
        status = runs.end("early", 30)
    finally:
        node.set_gpus(connection, 1)
    assert status["phase"] == "Cancelled"
    assert "artifacts" not in status
    assert status["budget"]["chargedSeconds"] == 0


def test_a_container_without_enough_memory_is_tried_once_more_and_then_says_how_much_to_give(runs: Runs) -> None:
    runs.apply("large", budget="45s", compute_class="tiny-memory")
    status = runs.end("large", 90)
    assert (status["phase"], status["reason"]) == ("Failed", "OutOfMemory"), status
    assert [attempt["exitCode"] for attempt in status["attempts"]] == [137, 137]
    assert "160Mi" in status["message"]
    assert "memory" in status["message"]


@pytest.fixture
def waiting_for_data(runs: Runs) -> str:
    """Return a Model that waits for a Dataset."""
    runs.connection.apply(manifests.a_model("no-data", runs.namespace, "nowhere"))
    runs.waiter.reason("Model", runs.namespace, "no-data", "WaitingForDataset", 20)
    return "no-data"


@pytest.fixture
def waiting_for_a_device(runs: Runs) -> Iterator[str]:
    """Return a Model whose pod waits for a node."""
    node.set_gpus(runs.connection, 0)
    runs.apply("no-device")
    runs.waiter.reason("Model", runs.namespace, "no-device", "Unschedulable", 30)
    yield "no-device"
    node.set_gpus(runs.connection, 1)


@pytest.fixture
def training(runs: Runs) -> str:
    """Return a Model that trains."""
    runs.apply("at-work", budget="10m")
    runs.waiter.pod(runs.namespace, "at-work", 60)
    return "at-work"


@pytest.fixture
def ended(runs: Runs) -> str:
    """Return a Model that has ended."""
    runs.apply("at-rest", budget="1s")
    runs.end("at-rest", 60)
    return "at-rest"


@pytest.mark.parametrize("phase", ["waiting_for_data", "waiting_for_a_device", "training", "ended"])
def test_a_model_that_is_deleted_takes_its_children_with_it(
    phase: str, runs: Runs, request: pytest.FixtureRequest
) -> None:
    name: str = request.getfixturevalue(phase)
    runs.delete_and_check(name, GONE_SECONDS)


def test_a_model_can_be_deleted_while_no_operator_runs(runs: Runs, installation: Installation, training: str) -> None:
    installation.scale(0)
    try:
        runs.delete_and_check(training, GONE_SECONDS)
    finally:
        installation.scale(1)

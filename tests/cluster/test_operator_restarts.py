"""The operator killed at any moment: what it was doing goes on, once, and what has ended stays untouched."""

import json
import time
from collections.abc import Iterator

import pytest

from hack.localcluster.state import State
from tests.cluster.api import manifests, recorder
from tests.cluster.api.audit import AuditLog
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import SYSTEM_NAMESPACE, Waiter, condition_of, phase_of, status_of
from tests.cluster.host import node, pages
from tests.cluster.scenarios.main_job import BUDGET, BUDGET_SECONDS, MODEL, MainJob
from tests.cluster.setup.installation import REPORT_PORT, Installation
from tests.cluster.storage.bucket import Bucket

OPERATOR_USER = f"system:serviceaccount:{SYSTEM_NAMESPACE}:darkroom"
FINISHED = 100
SETTLED_SECONDS = 15


@pytest.fixture(scope="module")
def five_kills(
    installation: Installation, connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str
) -> tuple[Manifest, recorder.Recorder, recorder.Recorder]:
    """Return a Model whose operator was killed at five moments of its life, and what a watcher saw."""
    node.set_gpus(connection, 0)
    with (
        recorder.record(connection, "Model", namespace) as models,
        recorder.record(connection, "Job", namespace) as jobs,
    ):
        try:
            _kill_before_there_is_a_job(installation, connection, waiter, bucket, namespace)
            _kill_while_queued(installation, waiter, namespace)
        finally:
            node.set_gpus(connection, 1)
        _kill_in_training_and_at_its_end(installation, connection, waiter, namespace)
        waiter.phase("Model", namespace, MODEL, "Succeeded", 120)
        installation.kill()
        installation.wait_until_ready()
        time.sleep(SETTLED_SECONDS)
    return connection.get("Model", MODEL, namespace), models, jobs


def _kill_before_there_is_a_job(
    installation: Installation, connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str
) -> None:
    connection.apply(manifests.a_model(MODEL, namespace, "digits", budget=BUDGET))
    waiter.reason("Model", namespace, MODEL, "WaitingForDataset", 30)
    installation.kill()
    connection.apply(manifests.a_dataset("digits", namespace, bucket.uri("digits/train.json")))
    installation.wait_until_ready()


def _kill_while_queued(installation: Installation, waiter: Waiter, namespace: str) -> None:
    waiter.reason("Model", namespace, MODEL, "Unschedulable", 90)
    installation.kill()
    installation.wait_until_ready()


def _kill_in_training_and_at_its_end(
    installation: Installation, connection: Connection, waiter: Waiter, namespace: str
) -> None:
    pod = waiter.pod(namespace, MODEL, 60)
    installation.kill()
    installation.wait_until_ready()
    _wait_for_the_last_moments(connection, namespace, pod)
    installation.kill()
    installation.wait_until_ready()


def _wait_for_the_last_moments(connection: Connection, namespace: str, pod: Manifest) -> None:
    """Wait until the trainer says that nearly all is done, or is done."""
    name, deadline = pod["metadata"]["name"], time.monotonic() + 120
    while time.monotonic() < deadline:
        pod = connection.get("Pod", name, namespace)
        if pod["status"]["phase"] in ("Succeeded", "Failed"):
            return
        status, body = pages.read_page(f"http://{pod['status']['podIP']}:{REPORT_PORT}/status")
        if status == 200 and json.loads(body).get("percent", 0) >= 85:
            return
        time.sleep(0.1)
    pytest.fail(f"pod {name} did not come near its end in 120 s")


def test_killed_at_five_moments_the_model_succeeds(
    five_kills: tuple[Manifest, recorder.Recorder, recorder.Recorder],
) -> None:
    model, models, _ = five_kills
    assert phase_of(model) == "Succeeded"
    assert condition_of(model, "Succeeded") == "True"
    assert models.phases_of(MODEL) == ["Queued", "Training", "Succeeded"]
    assert 0 < status_of(model)["budget"]["chargedSeconds"] <= BUDGET_SECONDS


def test_killed_at_five_moments_each_job_is_created_once(
    five_kills: tuple[Manifest, recorder.Recorder, recorder.Recorder],
) -> None:
    model, _, jobs = five_kills
    created = jobs.added(f"{MODEL}-")
    assert set(created.values()) == {1}
    training = [name for name in created if name == status_of(model)["attempts"][0]["job"]]
    assert len(training) == len(status_of(model)["attempts"]) == 1


def test_killed_at_five_moments_the_end_state_is_that_of_a_quiet_run(
    five_kills: tuple[Manifest, recorder.Recorder, recorder.Recorder], main_job: MainJob
) -> None:
    model, _, _ = five_kills
    assert set(status_of(model)) == set(status_of(main_job.model))
    for field in ("phase", "reason", "datasetRevision", "observedGeneration"):
        assert status_of(model)[field] == status_of(main_job.model)[field]
    kinds = {(c["type"], c["status"]) for c in status_of(model)["conditions"]}
    assert kinds == {(c["type"], c["status"]) for c in status_of(main_job.model)["conditions"]}


@pytest.fixture
def finished_models(
    main_job: MainJob, installation: Installation, connection: Connection, namespace: str
) -> Iterator[list[str]]:
    """Return the names of Models that ended before the operator starts."""
    installation.scale(0)
    names = [f"finished-{number:03}" for number in range(FINISHED)]
    for name in names:
        connection.apply(manifests.a_model(name, namespace, "digits", budget=BUDGET))
        connection.merge("Model", name, namespace, {"status": status_of(main_job.model)}, "status")
    yield names
    installation.scale(1)


def test_a_restart_with_a_hundred_finished_models_writes_nothing(
    finished_models: list[str],
    installation: Installation,
    connection: Connection,
    state: State,
    namespace: str,
) -> None:
    before = {model["metadata"]["name"]: model for model in connection.select("Model", namespace)}
    audit = AuditLog(state)
    installation.scale(1)
    time.sleep(SETTLED_SECONDS)
    assert audit.calls_of(OPERATOR_USER) > 0
    assert dict(audit.writes_of(OPERATOR_USER)) == {}
    assert {model["metadata"]["name"]: model for model in connection.select("Model", namespace)} == before
    assert set(finished_models) <= set(before)
    assert _count_writes(installation.metrics()) == 0


def _count_writes(metrics: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith("darkroom_api_writes_total")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)

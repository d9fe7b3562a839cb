"""What a Prometheus sees of operator and trainers, and a health probe that tells when the operator is blind."""

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import SYSTEM_NAMESPACE, Waiter, status_of
from tests.cluster.host import debian
from tests.cluster.host.prometheus import Prometheus, run_prometheus
from tests.cluster.setup.installation import METRICS_PORT, RELEASE, REPORT_PORT, Installation
from tests.cluster.storage.bucket import Bucket

OPERATOR_METRICS = (
    "darkroom_models",
    "darkroom_queue_seconds_count",
    "darkroom_training_seconds_count",
    "darkroom_charged_compute_seconds_total",
    "darkroom_allocated_compute_seconds_total",
    "darkroom_failures_total",
    "darkroom_reconcile_duration_seconds_count",
    "darkroom_reconcile_errors_total",
    "darkroom_api_writes_total",
)
TRAINER_METRICS = (
    "darkroom_trainer_charged_seconds",
    "darkroom_trainer_progress_percent",
    "darkroom_trainer_loss",
    "darkroom_trainer_images_processed_total",
    "darkroom_trainer_checkpoints_total",
)
API_PORT = 6443
BLIND_SECONDS = 200


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory, installation: Installation) -> Iterator[Prometheus]:
    """Return a server that scrapes the operator through its Service."""
    service = installation.connection.get("Service", RELEASE, SYSTEM_NAMESPACE)
    program = debian.find_program("prometheus", installation.state.root)
    with run_prometheus(program, tmp_path_factory.mktemp("prometheus")) as server:
        server.scrape(f"{service['spec']['clusterIP']}:{METRICS_PORT}", "operator")
        yield server


@pytest.fixture(scope="module")
def watched_model(
    connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str, prometheus: Prometheus, digits: object
) -> Manifest:
    """Return a Model that Prometheus saw train; another one failed before."""
    assert digits
    connection.apply(manifests.a_dataset("digits", namespace, bucket.uri("digits/train.json")))
    connection.apply(manifests.a_model("poor", namespace, "digits", budget="1s"))
    waiter.phase("Model", namespace, "poor", "Failed", 120)
    connection.apply(manifests.a_model("watched", namespace, "digits", budget="30s"))
    pod = waiter.pod(namespace, "watched", 60)
    prometheus.scrape(f"{pod['status']['podIP']}:{REPORT_PORT}", "trainer")
    model = waiter.phase("Model", namespace, "watched", "Succeeded", 150)
    time.sleep(3)  # three more scrapes, so that the end is in
    return model


@pytest.mark.usefixtures("watched_model")
@pytest.mark.parametrize("metric", OPERATOR_METRICS)
def test_a_query_for_an_operator_metric_answers(metric: str, prometheus: Prometheus) -> None:
    assert prometheus.query(f'last_over_time({metric}{{role="operator"}}[5m])')


@pytest.mark.usefixtures("watched_model")
@pytest.mark.parametrize("metric", TRAINER_METRICS)
def test_a_query_for_a_trainer_metric_answers(metric: str, prometheus: Prometheus) -> None:
    assert prometheus.query(f'last_over_time({metric}{{role="trainer"}}[5m])')


def test_the_meters_agree_with_the_status(watched_model: Manifest, prometheus: Prometheus) -> None:
    charged = status_of(watched_model)["budget"]["chargedSeconds"]
    assert prometheus.value("sum(darkroom_charged_compute_seconds_total)") >= charged
    assert prometheus.value("max(max_over_time(darkroom_trainer_charged_seconds[5m]))") <= charged + 0.1


@pytest.mark.usefixtures("watched_model")
def test_models_and_failures_are_counted_by_phase_and_reason(prometheus: Prometheus) -> None:
    assert prometheus.value('sum(darkroom_models{phase="Succeeded"})') >= 1
    assert prometheus.value('sum(darkroom_models{phase="Failed"})') >= 1
    assert prometheus.value('sum(darkroom_failures_total{reason="BudgetNotEnough"})') >= 1


@pytest.mark.usefixtures("watched_model")
def test_the_operator_logs_json_and_complains_of_nothing(installation: Installation) -> None:
    pod = installation.wait_until_ready()
    log = installation.connection.read_log(pod["metadata"]["name"], SYSTEM_NAMESPACE, 5000)
    lines = [json.loads(line) for line in log.splitlines()]
    assert len(lines) > 10
    assert [line for line in lines if line["level"] not in ("debug", "info")] == []


@contextlib.contextmanager
def _without_watch(connection: Connection, plural: str) -> Iterator[None]:
    """Take the right to watch one resource away from the operator; it may still list it."""
    rules = connection.get("ClusterRole", RELEASE)["rules"]
    blind = [
        {**rule, "verbs": [verb for verb in rule["verbs"] if verb != "watch" or plural not in rule["resources"]]}
        for rule in rules
    ]
    connection.merge("ClusterRole", RELEASE, None, {"rules": blind})
    try:
        yield
    finally:
        connection.merge("ClusterRole", RELEASE, None, {"rules": rules})


def _reset_connections(pod: Manifest) -> None:
    """Reset every connection between a pod and the API server, so that its watches have to be opened anew."""
    command = ["ss", "--kill", "dst", pod["status"]["podIP"], "sport", "=", f":{API_PORT}"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.extended
def test_an_operator_whose_watch_is_dead_is_unhealthy_and_recovers(
    watched_model: Manifest, installation: Installation, connection: Connection, waiter: Waiter, namespace: str
) -> None:
    pod = installation.wait_until_ready()
    assert installation.health() == 200
    started = time.monotonic()
    with _without_watch(connection, "models"):
        _reset_connections(pod)
        labels = {"metadata": {"labels": {"touched": "once"}}}
        connection.merge("Model", watched_model["metadata"]["name"], namespace, labels)
        while installation.health() == 200:
            assert time.monotonic() - started < BLIND_SECONDS, "healthy, although it sees no Model any more"
            time.sleep(1)
    installation.kill()  # what the kubelet does after three failed probes
    installation.wait_until_ready()
    connection.apply(manifests.a_model("after", namespace, "no-such-dataset"))
    waiter.reason("Model", namespace, "after", "WaitingForDataset", 30)
    assert installation.health() == 200

"""What a Prometheus sees of operator and trainers, and a health probe that tells when the operator is blind."""

import contextlib
import subprocess
import time
from collections.abc import Iterator

import pytest

from localcluster.state import State
from tests.cluster import manifests
from tests.cluster.bucket import Bucket
from tests.cluster.connection import Connection, Manifest
from tests.cluster.installation import Installation
from tests.cluster.prometheus import Prometheus, run_prometheus
from tests.cluster.waiting import SYSTEM_NAMESPACE, Waiter, status_of

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
FIREWALL = "darkroom-tests"
API_PORT = 6443
BLIND_SECONDS = 150


@pytest.fixture(scope="module")
def watched_model(
    connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str, prometheus: Prometheus
) -> Manifest:
    """Return a Model that Prometheus saw train; another one failed meanwhile."""
    assert prometheus.address
    connection.apply(manifests.a_dataset("digits", namespace, bucket.uri("digits/train.json")))
    connection.apply(manifests.a_model("poor", namespace, "digits", budget="1s"))
    waiter.phase("Model", namespace, "poor", "Failed", 120)
    connection.apply(manifests.a_model("watched", namespace, "digits", budget="15s"))
    model = waiter.phase("Model", namespace, "watched", "Succeeded", 150)
    time.sleep(3)  # three more scrapes, so that the end is in
    return model


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, state: State, namespace: str, digits: object
) -> Iterator[Prometheus]:
    """Return a server that scrapes the operator and this module's namespace."""
    assert digits
    folder = tmp_path_factory.mktemp("prometheus")
    with run_prometheus(folder, state.kubeconfig, [SYSTEM_NAMESPACE, namespace]) as server:
        yield server


@pytest.mark.usefixtures("watched_model")
@pytest.mark.parametrize("metric", OPERATOR_METRICS)
def test_a_query_for_an_operator_metric_answers(metric: str, prometheus: Prometheus) -> None:
    assert prometheus.query(f'last_over_time({metric}{{kubernetes_namespace="{SYSTEM_NAMESPACE}"}}[5m])')


@pytest.mark.usefixtures("watched_model")
@pytest.mark.parametrize("metric", TRAINER_METRICS)
def test_a_query_for_a_trainer_metric_answers(metric: str, prometheus: Prometheus, namespace: str) -> None:
    assert prometheus.query(f'last_over_time({metric}{{kubernetes_namespace="{namespace}"}}[5m])')


def test_the_meters_agree_with_the_status(watched_model: Manifest, prometheus: Prometheus) -> None:
    charged = status_of(watched_model)["budget"]["chargedSeconds"]
    assert prometheus.value("sum(darkroom_charged_compute_seconds_total)") >= charged
    assert prometheus.value("max(max_over_time(darkroom_trainer_charged_seconds[5m]))") <= charged + 0.1


@pytest.mark.usefixtures("watched_model")
def test_models_and_failures_are_counted_by_phase_and_reason(prometheus: Prometheus) -> None:
    assert prometheus.value('sum(darkroom_models{phase="Succeeded"})') >= 1
    assert prometheus.value('sum(darkroom_models{phase="Failed"})') >= 1
    assert prometheus.value('sum(darkroom_failures_total{reason="BudgetNotEnough"})') >= 1


@contextlib.contextmanager
def _cut_off(pod: Manifest) -> Iterator[None]:
    """Drop every packet between a pod and the API server: its watches stay open and say nothing more."""
    rule = f"ip saddr {pod['status']['podIP']} tcp dport {API_PORT} drop"
    chain = f"chain input {{ type filter hook input priority -300; {rule}; }}"
    table = f"table ip {FIREWALL} {{ {chain} }}"
    subprocess.run(["nft", "-f", "-"], input=table, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "ip", FIREWALL], check=True)


@pytest.mark.usefixtures("watched_model")
def test_an_operator_whose_watches_are_dead_is_unhealthy_and_recovers(installation: Installation) -> None:
    pod = installation.wait_until_ready()
    assert installation.health() == 200
    started = time.monotonic()
    with _cut_off(pod):
        while installation.health() == 200:
            assert time.monotonic() - started < BLIND_SECONDS, "healthy, although it sees nothing"
            time.sleep(1)
    installation.wait_until_ready(120)
    assert installation.health() == 200

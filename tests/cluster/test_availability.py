"""Two replicas of the operator, with the chart's own lease: one leads, and when it is lost the other goes on soon."""

import time
from collections.abc import Iterator

import pytest

from tests.cluster.api import manifests, recorder
from tests.cluster.api.audit import AuditLog
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import SYSTEM_NAMESPACE
from tests.cluster.host import node, processes
from tests.cluster.scenarios import disruptions
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import VALUES, Installation, find_leader
from tests.cluster.storage.bucket import Bucket

TAKEOVER_SECONDS = 20
LEASE = {"leaseSeconds": 15, "renewSeconds": 10, "retrySeconds": 2}
"""The chart's defaults; the other tests use a shorter one."""


@pytest.fixture(scope="module")
def two_replicas(installation: Installation) -> Iterator[Installation]:
    """Return the release with two replicas."""
    installation.install(operator={**VALUES["operator"], "replicas": 2, "election": LEASE})
    yield installation
    installation.install()


@pytest.fixture(scope="module")
def runs(connection: Connection, bucket: Bucket, namespace: str, digits: object, two_replicas: Installation) -> Runs:
    """Return this module's runs."""
    assert digits
    assert two_replicas
    return Runs(connection, bucket, namespace)


def test_one_of_two_replicas_leads_and_both_are_ready(two_replicas: Installation) -> None:
    leader = two_replicas.wait_until_ready()
    others = [pod for pod in two_replicas.operator_pods() if pod["metadata"]["uid"] != leader["metadata"]["uid"]]
    assert len(others) == 1
    assert find_leader(others) is None
    lease = two_replicas.connection.get("Lease", "darkroom", SYSTEM_NAMESPACE)
    assert lease["spec"]["holderIdentity"] == leader["metadata"]["name"]


def test_when_the_leader_is_killed_the_other_takes_over_within_twenty_seconds(
    two_replicas: Installation, runs: Runs
) -> None:
    leader = two_replicas.wait_until_ready()
    runs.connection.apply(manifests.a_model("seen", runs.namespace, "digits"))
    runs.waiter.reason("Model", runs.namespace, "seen", "WaitingForDataset", 20)
    runs.connection.delete("Model", "seen", runs.namespace)
    processes.kill_processes(leader)
    killed = time.monotonic()
    two_replicas.connection.delete("Pod", leader["metadata"]["name"], SYSTEM_NAMESPACE, grace_seconds=0)
    runs.connection.apply(manifests.a_model("new", runs.namespace, "digits", budget="25s"))
    runs.waiter.reason("Model", runs.namespace, "new", "WaitingForDataset", TAKEOVER_SECONDS)
    assert time.monotonic() - killed < TAKEOVER_SECONDS


def test_a_run_outlives_two_leaders_and_each_job_is_made_once(
    two_replicas: Installation, runs: Runs, bucket: Bucket
) -> None:
    audit = AuditLog(two_replicas.state)
    node.set_gpus(runs.connection, 0)
    try:
        with recorder.record(runs.connection, "Model", runs.namespace) as models:
            uri = bucket.uri("digits/train.json")
            runs.connection.apply(manifests.a_dataset("digits", runs.namespace, uri))
            runs.waiter.phase("Dataset", runs.namespace, "digits", "Ready", 60)
            runs.waiter.reason("Model", runs.namespace, "new", "Unschedulable", 30)
            _lose_leader(two_replicas)
            node.set_gpus(runs.connection, 1)
            _lose_leader(two_replicas)
            status = runs.end("new", 150)
    finally:
        node.set_gpus(runs.connection, 1)
    assert status["phase"] == "Succeeded", status
    assert models.phases_of("new")[-1] == "Succeeded"
    created = audit.creations_of("jobs", runs.namespace)
    assert created
    assert set(created.values()) == {1}


def _lose_leader(installation: Installation) -> None:
    disruptions.delete(installation.connection, installation.wait_until_ready())
    installation.wait_until_ready()

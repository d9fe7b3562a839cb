"""Bad input: named by its field within ten seconds, and no obstacle any more once its cause is mended.

The Models have a budget that no training fits into: BudgetNotEnough, said by the trainer, shows that they went on.
"""

from collections.abc import Iterator

import pytest

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import condition_of, message_of, phase_of, reason_of, status_of
from tests.cluster.host import node
from tests.cluster.scenarios import disruptions, kueue
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import VALUES, Installation
from tests.cluster.storage.bucket import Bucket

NAMED_WITHIN_SECONDS = 10
MENDED_SECONDS = 60
SECRET_SECONDS = 150
"""The kubelet looks for a missing Secret again at growing intervals, at most two minutes apart."""
START_TIMEOUT_SECONDS = 60
"""The least that the chart takes."""
LATER_CLASS = "later"
DEVICES = 3
"""As many as the hundred images of the Dataset can use."""


@pytest.fixture(scope="module")
def runs(
    connection: Connection, bucket: Bucket, namespace: str, digits: object, installation: Installation
) -> Iterator[Runs]:
    """Return this module's runs, with a Dataset that is ready, and a Model `stuck` that no node will ever take."""
    assert digits
    installation.install(startTimeoutSeconds=START_TIMEOUT_SECONDS)
    runs = Runs(connection, bucket, namespace)
    connection.apply(manifests.a_dataset("digits", namespace, bucket.uri("digits/train.json")))
    runs.waiter.phase("Dataset", namespace, "digits", "Ready", 90)
    runs.apply("stuck", compute_class="elsewhere")
    yield runs
    installation.install()


def _wait_until_named(runs: Runs, name: str, reason: str, field: str, kind: str = "Model") -> str:
    def names_it(item: Manifest) -> bool:
        return reason_of(item) == reason and field in message_of(item)

    item = runs.waiter.until(kind, runs.namespace, name, names_it, NAMED_WITHIN_SECONDS, f"{reason} that names {field}")
    return message_of(item)


def _goes_on(runs: Runs, name: str) -> None:
    assert runs.end(name, MENDED_SECONDS)["reason"] == "BudgetNotEnough"


def test_a_missing_secret_is_named_and_the_dataset_is_read_once_it_is_there(runs: Runs, bucket: Bucket) -> None:
    secret = "darkroom-later"  # noqa: S105 - the name of a Secret
    runs.connection.apply(
        manifests.a_dataset("no-secret", runs.namespace, bucket.uri("digits/train.json"), secret=secret)
    )
    assert secret in _wait_until_named(runs, "no-secret", "InvalidConfiguration", "credentialsSecret", "Dataset")
    runs.connection.apply(manifests.a_secret(runs.namespace, bucket.access_key, bucket.secret_key, secret))
    runs.waiter.phase("Dataset", runs.namespace, "no-secret", "Ready", SECRET_SECONDS)


def test_a_secret_without_the_right_keys_is_named_and_the_dataset_is_read_once_it_has_them(
    runs: Runs, bucket: Bucket
) -> None:
    secret = "darkroom-half"  # noqa: S105 - the name of a Secret
    half = manifests.a_secret(runs.namespace, bucket.access_key, bucket.secret_key, secret)
    del half["stringData"]["AWS_SECRET_ACCESS_KEY"]
    runs.connection.apply(half)
    runs.connection.apply(
        manifests.a_dataset("half-secret", runs.namespace, bucket.uri("digits/train.json"), secret=secret)
    )
    message = _wait_until_named(runs, "half-secret", "InvalidConfiguration", "credentialsSecret", "Dataset")
    assert "AWS_SECRET_ACCESS_KEY" in message
    runs.connection.apply(manifests.a_secret(runs.namespace, bucket.access_key, bucket.secret_key, secret))
    runs.waiter.phase("Dataset", runs.namespace, "half-secret", "Ready", SECRET_SECONDS)


def test_more_devices_than_any_node_has_are_named_and_the_model_goes_on_once_there_are_enough(runs: Runs) -> None:
    runs.apply("greedy", budget="1s", compute={"class": "gpu", "devices": DEVICES})
    message = _wait_until_named(runs, "greedy", "Unschedulable", "compute.devices")
    assert f"{DEVICES} free `{node.GPU}`" in message
    node.set_gpus(runs.connection, DEVICES)
    try:
        _goes_on(runs, "greedy")
    finally:
        node.set_gpus(runs.connection, 1)


def test_a_missing_priority_class_is_named_and_the_model_goes_on_once_it_is_there(runs: Runs) -> None:
    runs.connection.delete("PriorityClass", "darkroom-tests-late")
    runs.apply("vain", budget="1s", priorityClassName="darkroom-tests-late")
    message = _wait_until_named(runs, "vain", "InvalidConfiguration", "priorityClassName")
    assert "darkroom-tests-late" in message
    runs.connection.apply(disruptions.a_priority_class("darkroom-tests-late", 10))
    try:
        assert runs.end("vain", 180)["reason"] == "BudgetNotEnough"
    finally:
        runs.connection.delete("PriorityClass", "darkroom-tests-late")


def test_a_class_that_does_not_exist_is_named_and_the_model_goes_on_once_it_does(
    runs: Runs, installation: Installation
) -> None:
    runs.apply("classless", budget="1s", compute_class=LATER_CLASS)
    assert LATER_CLASS in _wait_until_named(runs, "classless", "InvalidConfiguration", "compute.class")
    classes = {**VALUES["computeClasses"], LATER_CLASS: VALUES["computeClasses"]["cpu"]}
    installation.install(computeClasses=classes, startTimeoutSeconds=START_TIMEOUT_SECONDS)
    _goes_on(runs, "classless")


def test_a_queue_without_kueue_is_said_so_and_the_model_runs(runs: Runs) -> None:
    runs.apply("queued", budget="1s", queue="team")

    def says_so(model: Manifest) -> bool:
        return condition_of(model, "QueueAvailable") == "False"

    model = runs.waiter.until("Model", runs.namespace, "queued", says_so, NAMED_WITHIN_SECONDS, "QueueAvailable=False")
    told = next(c for c in status_of(model)["conditions"] if c["type"] == "QueueAvailable")
    assert told["reason"] == "QueueUnavailable"
    assert "queue" in told["message"]
    assert "Kueue" in told["message"]
    _goes_on(runs, "queued")


def test_a_queue_that_does_not_exist_is_named_and_the_model_goes_on_once_it_admits(
    runs: Runs, installation: Installation
) -> None:
    with kueue.simulate_kueue(runs.connection, runs.namespace) as fake:
        installation.kill()  # an operator that runs already looks for Kueue twice a minute only
        installation.wait_until_ready()
        runs.apply("patient", budget="1s", queue="nobody")
        fake.suspend("patient")
        _wait_until_named(runs, "patient", "InvalidConfiguration", "queue")
        fake.create_queue("nobody")
        fake.hold("patient", "couldn't assign flavors to pod set main: insufficient quota for nvidia.com/gpu")
        runs.waiter.until(
            "Model", runs.namespace, "patient",
            lambda model: reason_of(model) == "WaitingForQuota" and "insufficient quota" in message_of(model),
            40, "Kueue's own words",
        )  # fmt: skip
        assert phase_of(runs.connection.get("Model", "patient", runs.namespace)) == "Queued"
        fake.admit("patient")
        _goes_on(runs, "patient")


def test_a_pod_that_no_node_takes_is_given_up_after_the_start_timeout(runs: Runs) -> None:
    status = runs.end("stuck", START_TIMEOUT_SECONDS + 30)
    assert (status["phase"], status["reason"]) == ("Failed", "StartTimeout"), status
    assert f"{START_TIMEOUT_SECONDS} s" in status["message"]
    assert "Unschedulable" in status["message"]
    assert status["budget"]["chargedSeconds"] == status["budget"]["allocatedSeconds"] == 0

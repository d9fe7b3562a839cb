"""A cluster of several teams: policies on pods, limits of namespaces, a bucket with an authority of its own."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import Waiter, message_of, reason_of
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import VALUES, Installation
from tests.cluster.storage.bucket import Bucket
from tests.cluster.storage.tls import open_door

NAMED_WITHIN_SECONDS: Final = 15
MENDED_SECONDS: Final = 90
POLICY: Final = "darkroom-tests-tenancy"
STRICT: Final[dict[str, Any]] = {"limits": [{"namespaces": ["*"], "maxRunningRuns": 1, "maxBudget": "1m"}]}
CARRYING: Final[dict[str, Any]] = {
    "trainer": {**VALUES["trainer"], "runAsUser": None, "podLabels": {"cost-center": "vision"}}
}


@pytest.fixture(scope="module")
def runs(
    connection: Connection, bucket: Bucket, namespace: str, digits: object, installation: Installation
) -> Iterator[Runs]:
    """Return this module's runs, with a Dataset that is ready."""
    assert digits
    installation.install(**STRICT)
    connection.apply(manifests.a_dataset("digits", namespace, bucket.uri("digits/train.json")))
    runs = Runs(connection, bucket, namespace)
    runs.waiter.phase("Dataset", namespace, "digits", "Ready", 90)
    yield runs
    installation.install()


def _wait_until_told(runs: Runs, kind: str, name: str, reason: str, *words: str) -> str:
    def tells(item: Manifest) -> bool:
        return reason_of(item) == reason and all(word in message_of(item) for word in words)

    item = runs.waiter.until(kind, runs.namespace, name, tells, NAMED_WITHIN_SECONDS, f"{reason} with {words}")
    return message_of(item)


def test_a_namespace_has_only_the_priorities_and_budgets_of_its_limits(runs: Runs) -> None:
    runs.apply("urgent", budget="1s", priorityClassName="system-cluster-critical")
    message = _wait_until_told(runs, "Model", "urgent", "NotAllowed", "priorityClassName", "system-cluster-critical")
    assert "(allowed: none)" in message
    runs.apply("long", budget="2m")
    _wait_until_told(runs, "Model", "long", "NotAllowed", "budget", "1m")
    assert runs.connection.select("Pod", runs.namespace, "darkroom.dev/kind=Model") == []
    runs.steer("urgent", priorityClassName=None)
    assert runs.end("urgent", MENDED_SECONDS)["reason"] == "BudgetNotEnough"


def test_a_run_beyond_those_that_a_namespace_may_have_starts_when_another_is_gone(runs: Runs) -> None:
    runs.apply("first", compute_class="elsewhere")
    _wait_until_told(runs, "Model", "first", "Unschedulable")
    runs.apply("second", budget="1s")
    _wait_until_told(runs, "Model", "second", "WaitingForQuota", "limits.maxRunningRuns", "1 runs", "1 may")
    runs.connection.delete("Model", "first", runs.namespace)
    runs.waiter.until(
        "Model", runs.namespace, "second", lambda model: reason_of(model) != "WaitingForQuota", 20, "a start at once"
    )
    assert runs.end("second", MENDED_SECONDS)["reason"] == "BudgetNotEnough"


def _a_policy(namespace: str) -> str:
    """Return a policy on the pods of a namespace, as teams and OpenShift have them, and its binding."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    checks = {
        "every pod needs the label cost-center": "'cost-center' in object.metadata.labels",
        "runAsUser: the namespace gives it": "!has(object.spec.securityContext.runAsUser)",
    }
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": POLICY},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"message": message, "expression": check} for message, check in checks.items()],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": POLICY},
        "spec": {
            "policyName": POLICY,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
        },
    }
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [policy, binding]})


@pytest.fixture
def policy(installation: Installation, namespace: str) -> Iterator[None]:
    """Demand a label of every pod of the namespace, and that it names no user."""
    listed = _a_policy(namespace)
    done = installation.kubectl("apply", "--filename=-", stdin=listed)
    assert done.returncode == 0, done.stderr
    yield
    installation.kubectl("delete", "--ignore-not-found", "--filename=-", stdin=listed)


@pytest.mark.usefixtures("policy")
def test_a_policy_is_quoted_with_the_value_to_set_and_met_once_it_is_set(
    runs: Runs, bucket: Bucket, installation: Installation
) -> None:
    def is_refused(item: Manifest) -> bool:
        return reason_of(item) == "InvalidConfiguration"

    # The API server takes some seconds to begin with a new policy.
    for number in range(20):
        name = f"policed-{number}"
        runs.connection.apply(manifests.a_dataset(name, runs.namespace, bucket.uri("digits/train.json")))
        item = runs.waiter.until(
            "Dataset", runs.namespace, name,
            lambda item: is_refused(item) or reason_of(item) in ("Inspecting", "Ready"), 60, "a verdict of the policy",
        )  # fmt: skip
        if is_refused(item):
            break
    message = _wait_until_told(runs, "Dataset", name, "InvalidConfiguration", "cost-center", "trainer.podLabels")
    assert POLICY in message
    installation.install(**STRICT, **CARRYING)
    runs.waiter.phase("Dataset", runs.namespace, name, "Ready", MENDED_SECONDS)
    installation.install(**STRICT)


def test_a_bucket_with_an_authority_of_its_own_is_read_once_the_secret_holds_it(
    runs: Runs, bucket: Bucket, waiter: Waiter, installation: Installation, tmp_path: pathlib.Path
) -> None:
    name = "darkroom-inside"
    secret = manifests.a_secret(runs.namespace, bucket.access_key, bucket.secret_key, name)
    with open_door(tmp_path) as (endpoint, certificate):
        installation.install(**STRICT, allowedEndpoints=[*VALUES["allowedEndpoints"], endpoint])
        runs.connection.apply(secret)
        uri = bucket.uri("digits/train.json")
        runs.connection.apply(manifests.a_dataset("inside", runs.namespace, uri, endpoint=endpoint, secret=name))
        message = _wait_until_told(runs, "Dataset", "inside", "InvalidConfiguration", "self-signed certificate")
        assert "ca.crt" in message
        assert "trainer.certificateAuthorities" in message
        secret["stringData"]["ca.crt"] = certificate
        runs.connection.apply(secret)
        waiter.phase("Dataset", runs.namespace, "inside", "Ready", MENDED_SECONDS)
        assert len(runs.connection.select("Job", runs.namespace, "darkroom.dev/name=inside")) <= 2

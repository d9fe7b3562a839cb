"""The ways in which a cluster takes a run's pod: a killed process, a drain, a more urgent pod, a deletion.

Owns how each is done. Must not look at Models: what follows is the test's business.
"""

import time
from collections.abc import Callable
from typing import Final

import pytest

from hack.localcluster.kube import addons
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.host import node, processes

URGENT: Final = "darkroom-tests-urgent"
URGENT_POD: Final = "urgent"
GONE_SECONDS: Final = 60
HELD_SECONDS: Final = 3
"""How long the urgent pod keeps the device once it has it."""


def crash(_connection: Connection, pod: Manifest) -> None:
    """Kill the pod's processes with SIGKILL: the container ends with 137, as a crash does."""
    assert processes.kill_processes(pod), "the pod has no process any more"


def drain(connection: Connection, pod: Manifest) -> None:
    """Evict the pod by the Eviction API, as `kubectl drain` does, and wait until it is gone."""
    metadata = pod["metadata"]
    connection.evict(metadata["name"], metadata["namespace"])
    wait_until_gone(connection, pod)


def preempt(connection: Connection, pod: Manifest) -> None:
    """Let a pod of a higher priority take the device, wait until the victim is gone, and give the device back."""
    namespace = pod["metadata"]["namespace"]
    connection.apply(a_priority_class(URGENT, 1_000_000))
    connection.apply(an_urgent_pod(namespace))
    try:
        wait_until_gone(connection, pod)
        time.sleep(HELD_SECONDS)
    finally:
        connection.delete("Pod", URGENT_POD, namespace, grace_seconds=0)


def delete(connection: Connection, pod: Manifest) -> None:
    """Delete the pod, with its grace, and wait until it is gone."""
    connection.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"])
    wait_until_gone(connection, pod)


KINDS: Final[dict[str, Callable[[Connection, Manifest], None]]] = {
    "SIGKILL": crash,
    "drain": drain,
    "preemption": preempt,
}
"""What can be done to a running pod, by the name that tables show."""


def wait_until_gone(connection: Connection, pod: Manifest) -> None:
    """Wait until the pod is no more, or has ended and only its record is left."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    deadline = time.monotonic() + GONE_SECONDS
    while (found := connection.find("Pod", name, namespace)) is not None:
        if found["metadata"]["uid"] != pod["metadata"]["uid"] or found["status"]["phase"] in ("Succeeded", "Failed"):
            return
        if time.monotonic() > deadline:
            pytest.fail(f"pod {name} was still there after {GONE_SECONDS} s")
        time.sleep(0.2)


def a_priority_class(name: str, value: int) -> Manifest:
    """Return a PriorityClass."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        "description": "For the tests: takes the device from whoever holds it.",
    }


def an_urgent_pod(namespace: str) -> Manifest:
    """Return a pod that wants the node's device, does nothing with it, and outranks every trainer."""
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    container = {
        "name": "holder",
        "image": addons.pause_image_name(),
        "imagePullPolicy": "Never",
        "securityContext": confined,
        "resources": {"limits": {node.GPU: "1"}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"priorityClassName": URGENT, "securityContext": security, "containers": [container]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": URGENT_POD, "namespace": namespace},
        "spec": {**spec, "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": False},
    }

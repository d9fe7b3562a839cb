"""Kueue, simulated: its CRDs, a LocalQueue, a Workload for a Job, and who suspends and resumes the Job.

Kueue itself needs images from a registry. What is simulated here is what the operator sees of it: a Job with the
queue's label is suspended, a Workload owned by the Job says why, and admission resumes it. Must not touch anything of
ours but `spec.suspend` of Jobs.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.cluster.api.connection import Connection, Manifest, Refusal
from tests.cluster.api.waiting import POLL_SECONDS

GROUP: Final = "kueue.x-k8s.io"
VERSION: Final = "v1beta1"
QUEUE_LABEL: Final = f"{GROUP}/queue-name"
ESTABLISHED_SECONDS: Final = 20
JOB_SECONDS: Final = 20


class FakeKueue:
    """Kueue in one namespace."""

    def __init__(self, connection: Connection, namespace: str) -> None:
        self._connection, self._namespace = connection, namespace

    def suspend(self, model: str) -> None:
        """Suspend a Model's Job, as Kueue's webhook does when the Job is created."""
        job = self._find_job(model)
        assert job["metadata"]["labels"][QUEUE_LABEL]
        self._set_suspended(job, True)

    def create_queue(self, name: str) -> None:
        """Create a LocalQueue that is active."""
        queue = self._object("LocalQueue", name, {"clusterQueue": "all"})
        self._connection.apply(queue)
        condition = _condition("Active", "True", "Ready", "Can submit new workloads to localQueue")
        self._set_conditions("LocalQueue", name, condition)

    def hold(self, model: str, words: str) -> None:
        """Give a Model's Job a Workload that waits for quota."""
        job = self._find_job(model)
        workload = self._object("Workload", f"job-{model}", {"queueName": job["metadata"]["labels"][QUEUE_LABEL]})
        workload["metadata"]["labels"] = {f"{GROUP}/job-uid": job["metadata"]["uid"]}
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "controller": True}
        workload["metadata"]["ownerReferences"] = [{**owner, "uid": job["metadata"]["uid"]}]
        self._connection.apply(workload)
        self._set_conditions("Workload", f"job-{model}", _condition("QuotaReserved", "False", "Pending", words))

    def admit(self, model: str) -> None:
        """Resume a Model's Job."""
        self._set_conditions("Workload", f"job-{model}", _condition("QuotaReserved", "True", "QuotaReserved", "Quota"))
        self._set_suspended(self._find_job(model), False)

    def _find_job(self, model: str) -> Manifest:
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            if jobs := self._connection.select("Job", self._namespace, f"darkroom.dev/name={model}"):
                return jobs[-1]
            time.sleep(POLL_SECONDS / 4)
        pytest.fail(f"no Job of {model} in {JOB_SECONDS} s")

    def _set_suspended(self, job: Manifest, value: bool) -> None:
        self._connection.merge("Job", job["metadata"]["name"], self._namespace, {"spec": {"suspend": value}})

    def _set_conditions(self, kind: str, name: str, condition: Manifest) -> None:
        self._connection.merge(kind, name, self._namespace, {"status": {"conditions": [condition]}}, "status")

    def _object(self, kind: str, name: str, spec: Manifest) -> Manifest:
        metadata = {"name": name, "namespace": self._namespace}
        return {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": metadata, "spec": spec}


@contextlib.contextmanager
def simulate_kueue(connection: Connection, namespace: str) -> Iterator[FakeKueue]:
    """Give Kueue in a namespace for as long as the block lasts; its CRDs go again."""
    crds = [_build_crd("LocalQueue", "localqueues"), _build_crd("Workload", "workloads")]
    for crd in crds:
        connection.apply(crd)
    try:
        for crd in crds:
            _wait_until_served(connection, crd["spec"]["names"]["kind"], namespace)
        yield FakeKueue(connection, namespace)
    finally:
        for crd in crds:
            connection.delete("CustomResourceDefinition", crd["metadata"]["name"])


def _wait_until_served(connection: Connection, kind: str, namespace: str) -> None:
    deadline = time.monotonic() + ESTABLISHED_SECONDS
    while True:
        with contextlib.suppress(Refusal):
            connection.select(kind, namespace)
            return
        if time.monotonic() > deadline:
            pytest.fail(f"{kind} was not served in {ESTABLISHED_SECONDS} s")
        time.sleep(POLL_SECONDS)


def _build_crd(kind: str, plural: str) -> Manifest:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": anything},
        "subresources": {"status": {}},
    }
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _condition(kind: str, status: str, reason: str, message: str) -> Manifest:
    moment = "2026-01-01T00:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": moment}

"""Somebody who asks why a run does not start, with a clock of their own, and what the cluster says to it.

Owns no expectation.
"""

import asyncio
from typing import Any, Final

from darkroom_api import names
from darkroom_operator.api.resources import EVENTS, PODS, Key
from darkroom_operator.facts.findings import Findings
from darkroom_operator.observing.inquiries import Inquirer
from tests.builders import at, stamp
from tests.unit.operator.fake_cluster import FakeCluster, Json
from tests.unit.operator.workbench import MODEL, Workbench

JOB_NAME: Final = names.child_name("fruit", "uid-fruit", 1)


class Desk:
    """An inquirer with a clock of its own, on the workbench's cluster."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.cluster = bench, bench.cluster
        self.seconds = 0.0
        cluster: Any = bench.cluster
        self.inquirer = Inquirer(cluster, bench.store, bench.config, lambda: self.seconds)

    def find(self, key: Key = MODEL) -> tuple[Findings, float | None]:
        """Ask about a resource, the Model unless another is named, as it is now."""
        self.bench.hear()
        owner = self.bench.store.owner(key)
        assert owner is not None
        return asyncio.run(self.inquirer.find(owner, at(self.seconds)))

    def asked(self, what: str) -> int:
        """Return how often the API server was asked for something."""
        return sum(1 for plural, _ in self.cluster.reads if plural == what)


def add_event(cluster: FakeCluster, about: str, note: str, seconds: float = 1, reason: str = "FailedCreate") -> Json:
    """Let a controller post a Warning."""
    return cluster.add(
        EVENTS,
        {
            "metadata": {"name": f"e-{seconds}-{note[:8]}"},
            "type": "Warning",
            "reason": reason,
            "note": note,
            "deprecatedLastTimestamp": stamp(seconds),
            "regarding": {"uid": about},
        },
    )


def add_pod(cluster: FakeCluster, **status: Any) -> Json:
    """Let the Job controller make the pod, and the scheduler place it."""
    job = cluster.objects["jobs", "vision", JOB_NAME]
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(0)}
    return cluster.add(
        PODS,
        {
            "metadata": {
                "name": "p",
                "labels": job["metadata"]["labels"],
                "ownerReferences": [{"uid": job["metadata"]["uid"], "controller": True}],
            },
            "spec": {"nodeName": "node0"},
            "status": {"phase": "Pending", "conditions": [placed], **status},
        },
    )

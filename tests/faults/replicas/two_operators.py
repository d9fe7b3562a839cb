"""Two operators behind a proxy, their API server, and what it has seen them do.

Owns the set-up and the looking. Must not know any test.
"""

import contextlib
import pathlib
import ssl
from collections.abc import Iterator
from datetime import datetime

from bench.clusters.control_plane import start_control_plane
from darkroom_operator.api.resources import DATASETS, JOBS, MODELS
from tests.faults.cluster import manifests
from tests.faults.cluster.api import NAMESPACES, Api
from tests.faults.proxy import exchange, server
from tests.faults.replicas import audit_trail
from tests.faults.replicas.processes import NAMESPACE, Replica, start_replicas, wait_until, write_proxy_kubeconfig


class TwoOperators:
    """Two operators and their API server."""

    def __init__(
        self, api: Api, trail: audit_trail.AuditTrail, faults: server.FaultProxy, leader: Replica, standby: Replica
    ) -> None:
        self.api, self.trail, self.proxy, self.leader, self.standby = api, trail, faults, leader, standby
        self._models: list[str] = []

    def create_models(self, count: int) -> list[str]:
        """Create Models; returns their names."""
        names = [f"m{len(self._models) + number:03d}" for number in range(count)]
        self._models += names
        for name in names:
            self.api.create(MODELS, NAMESPACE, manifests.build_model(name))
        return names

    def wait_taken_up(self, names: list[str], seconds: float) -> float:
        """Return after how many seconds each of these Models had its Job and said so in its status."""
        return wait_until(lambda: self._are_taken_up(names), seconds, lambda: self.standby.log)

    def statuses(self) -> dict[str, tuple[str, str]]:
        """Return version and phase of every Model."""
        items = self.api.call("GET", MODELS.path(NAMESPACE))["items"]
        versions = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in items}
        return {i["metadata"]["name"]: (versions[i["metadata"]["name"]], i["status"]["phase"]) for i in items}

    def created_jobs(self) -> list[str]:
        """Return the owner of each Job that was ever created."""
        made = [w for w in self.trail.read() if (w.verb, w.resource, w.status) == ("create", "jobs", 201)]
        assert len(made) == len(self._jobs()), "a Job is gone: the count would not tell"
        return sorted(job["metadata"]["ownerReferences"][0]["name"] for job in self._jobs())

    def writes_of(self, replica: Replica, since: datetime) -> list[audit_trail.Write]:
        """Return what a replica has written since then."""
        return [write for write in self.trail.read() if write.agent == replica.agent and write.at >= since]

    def expect_one_job_each(self) -> None:
        """Expect that no Model has none or two."""
        assert self.created_jobs() == sorted(self._models)

    def _jobs(self) -> list[manifests.Json]:
        items: list[manifests.Json] = self.api.call("GET", JOBS.path(NAMESPACE))["items"]
        return items

    def _are_taken_up(self, names: list[str]) -> bool:
        owners = {job["metadata"]["ownerReferences"][0]["name"] for job in self._jobs()}
        models = self.api.call("GET", MODELS.path(NAMESPACE))["items"]
        told = {model["metadata"]["name"] for model in models if model.get("status", {}).get("phase") == "Queued"}
        return set(names) <= owners & told


@contextlib.contextmanager
def start_two_operators(folder: pathlib.Path) -> Iterator[TwoOperators]:
    """Start everything, with a Ready Dataset; yields once one leads; ends it in the end."""
    trail = audit_trail.AuditTrail(folder)
    with contextlib.ExitStack() as stack:
        control = stack.enter_context(start_control_plane(*trail.flags))
        api = Api(control)
        api.create(NAMESPACES, None, {"metadata": {"name": NAMESPACE}})
        api.create(DATASETS, NAMESPACE, manifests.READY_DATASET)
        api.merge(DATASETS, NAMESPACE, "ready", {"status": manifests.build_ready_status()}, "status")
        context = ssl.create_default_context(cafile=api.authority)
        faults = server.FaultProxy(exchange.Upstream(api.server, context, api.token))
        stack.callback(faults.close)
        kubeconfig = write_proxy_kubeconfig(folder / "proxy.kubeconfig", faults.address)
        leader, standby = stack.enter_context(start_replicas(folder, kubeconfig))
        yield TwoOperators(api, trail, faults, leader, standby)

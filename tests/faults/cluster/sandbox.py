"""A namespace with an operator of its own, which reaches the API server through a proxy of its own.

Owns when they begin and end. Several sandboxes share one cluster and do not meet.
"""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator

from bench.clusters.control_plane import USER
from darkroom_operator.api.resources import DATASETS, MODELS
from tests.faults.cluster.api import NAMESPACES, ROLE_BINDINGS, Api, Json
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.manifests import READY_DATASET, SUCCEEDED_MODEL, build_ready_status, build_succeeded_status
from tests.faults.cluster.operator_process import OperatorProcess
from tests.faults.proxy.exchange import Upstream
from tests.faults.proxy.server import FaultProxy

POLL_SECONDS = 0.05
FIRST_PROBE_SECONDS, PROBE_SECONDS, PROBE_FAILURES = 20.0, 5.0, 3
"""The chart's liveness probe in a hurry: when it begins, how often it comes, and how many failures end the operator."""
RIGHTS = "operator-rights"


class Sandbox:
    """One namespace, one proxy, one operator, which may have more namespaces to look after."""

    def __init__(self, cluster: FaultCluster, namespace: str, *others: str) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.api: Api = cluster.api
        self.mirror = cluster.mirror
        context = ssl.create_default_context(cafile=self.api.authority)
        self.proxy = FaultProxy(Upstream(self.api.server, context, cluster.control.user_token))
        self.operator = OperatorProcess(cluster.control.folder / namespace, self.proxy.address, namespace, *others)
        self._others = others
        self._failures, self._probe_at = 0, time.monotonic() + FIRST_PROBE_SECONDS
        self.keep_operator_up = True
        """Whether waits start the operator again when it has died, as a kubelet does."""

    def prepare(self) -> None:
        """Make the namespace, a Dataset that is Ready and a Model that has succeeded."""
        self.api.create(NAMESPACES, None, {"metadata": {"name": self.namespace}})
        for other in self._others:
            self.api.create(NAMESPACES, None, {"metadata": {"name": other}})
        for namespace in (self.namespace, *self._others):
            self.grant(namespace)
        for resource, manifest, status in (
            (DATASETS, READY_DATASET, build_ready_status()),
            (MODELS, SUCCEEDED_MODEL, build_succeeded_status()),
        ):
            self.api.create(resource, self.namespace, manifest)
            self.api.merge(resource, self.namespace, manifest["metadata"]["name"], {"status": status}, "status")

    def grant(self, namespace: str | None = None) -> None:
        """Give the operator its rights in a namespace, its own unless another is named."""
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}
        binding: Json = {"metadata": {"name": RIGHTS}, "roleRef": role, "subjects": [subject]}
        self.api.create(ROLE_BINDINGS, namespace or self.namespace, binding)

    def revoke(self) -> None:
        """Take them away."""
        self.api.delete(ROLE_BINDINGS, self.namespace, RIGHTS)

    def wait(self, what: str, holds: Callable[[], bool], seconds: float = 40.0) -> None:
        """Wait until something holds; raises TimeoutError with the operator's last words."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{what}: not within {seconds:.0f} s; the operator said:\n{self.operator.log[-3000:]}"
                )
            if self.keep_operator_up:
                self._probe()
            self.mirror.wait_change(POLL_SECONDS)

    def _probe(self) -> None:
        """Do what a kubelet does: start the operator when it has died, and end it when its liveness probe fails."""
        if not self.operator.is_alive():
            self.operator.start()
            self._failures, self._probe_at = 0, time.monotonic() + FIRST_PROBE_SECONDS
        if time.monotonic() < self._probe_at:
            return
        self._probe_at = time.monotonic() + PROBE_SECONDS
        self._failures = 0 if self.operator.is_healthy() else self._failures + 1
        if self._failures >= PROBE_FAILURES:
            self.operator.kill()

    def wait_quiet(self, prefix: str, seconds: float = 0.5, limit: float = 30.0) -> None:
        """Wait until nothing was written about an object for a while; raises TimeoutError."""
        started = time.monotonic()

        def is_quiet() -> bool:
            writes = self.proxy.mutations.about(prefix)
            return time.monotonic() - max([started, *(write.at for write in writes)]) > seconds

        self.wait(f"no write about {prefix} for {seconds} s", is_quiet, limit)


@contextlib.contextmanager
def open_sandbox(cluster: FaultCluster, namespace: str, *others: str) -> Iterator[Sandbox]:
    """Open a sandbox with a working operator; ends operator and proxy in the end."""
    sandbox = Sandbox(cluster, namespace, *others)
    try:
        sandbox.prepare()
        sandbox.operator.start()
        sandbox.operator.wait_ready()
        yield sandbox
    finally:
        sandbox.keep_operator_up = False
        sandbox.operator.kill()
        sandbox.proxy.close()

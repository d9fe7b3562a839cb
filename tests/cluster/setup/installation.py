"""Darkroom on the cluster: installs the chart for the tests, finds the operator's pod and kills it.

The release is the demo's own (`darkroom` in `darkroom-system`): the CRDs belong to one release, and a second operator
would act on the same objects. A later `make demo` upgrades it back to its own values.
"""

import json
import pathlib
import subprocess
import time
from dataclasses import dataclass
from typing import Any, Final

import pytest

from hack.localcluster.state import State
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.manifests import ENDPOINT
from tests.cluster.api.waiting import SYSTEM_NAMESPACE
from tests.cluster.host import pages, processes

RELEASE: Final = "darkroom"
UNREACHABLE: Final = "http://s3.nowhere.svc:9000"
CHART: Final = pathlib.Path(__file__).parents[3] / "helm" / "darkroom"
OPERATOR_SELECTOR: Final = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=operator"
METRICS_PORT: Final = 9090
HEALTH_PORT: Final = 8081
REPORT_PORT: Final = 8080
TRAINER_REPOSITORY: Final = "localhost/darkroom-trainer"
VALUES: Final[dict[str, Any]] = {
    "namespaces": [],
    "operator": {
        "image": {"repository": "localhost/darkroom-operator", "tag": "dev"},
        "replicas": 1,
        "election": {"leaseSeconds": 5, "renewSeconds": 3, "retrySeconds": 1},
    },
    "trainer": {"image": {"repository": TRAINER_REPOSITORY, "tag": "dev"}},
    "allowedEndpoints": [ENDPOINT, UNREACHABLE],
    "retries": {"failures": 1, "disruptions": 3, "storage": 1, "backoffSeconds": 2, "maxBackoffSeconds": 4},
    "graceSeconds": 10,
    "startTimeoutSeconds": 300,
    "progressIntervalSeconds": 5,
    "limits": [{"namespaces": ["*"], "allowedPriorityClasses": ["darkroom-tests-*"]}],
    "inspection": {"cpu": "2", "cpuRequest": "100m", "memory": "512Mi"},
    "computeClasses": {
        "gpu": {"cpu": "2", "cpuRequest": "500m", "memory": "3Gi", "sharedMemory": "256Mi", "ephemeralStorage": "1Gi"},
        "cpu": {"cpu": "2", "cpuRequest": "500m", "memory": "3Gi", "sharedMemory": "256Mi", "ephemeralStorage": "1Gi"},
        "tiny-memory": {"cpu": "2", "cpuRequest": "100m", "memory": "160Mi", "sharedMemory": "16Mi"},
        "tiny-disk": {"cpu": "2", "cpuRequest": "100m", "memory": "3Gi", "ephemeralStorage": "64Ki"},
        "elsewhere": {"cpu": "1", "nodeSelector": {"kubernetes.io/hostname": "nowhere"}},
    },
}
"""Short pauses and few retries, so that a failure test takes seconds; requests that fit a node with two cores.

The tiny classes are there to be too small, and no node has what `elsewhere` asks for."""


@dataclass(frozen=True)
class Installation:
    """The release on the cluster."""

    connection: Connection
    state: State

    def kubectl(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl against the cluster; the caller looks at how it ended."""
        return self._run("kubectl", *arguments, stdin=stdin)

    def helm(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run helm against the cluster; the caller looks at how it ended."""
        return self._run("helm", *arguments, "--namespace", SYSTEM_NAMESPACE, stdin=stdin)

    def _run(self, program: str, *arguments: str, stdin: str | None) -> subprocess.CompletedProcess[str]:
        command = [str(self.state.binaries / program), f"--kubeconfig={self.state.kubeconfig}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    def install(self, **overrides: Any) -> None:
        """Install or upgrade the release with the tests' values and `overrides`, and wait for the operator."""
        self.connection.apply(manifests.a_namespace(SYSTEM_NAMESPACE))
        self._upgrade(json.dumps({**VALUES, **overrides}))
        self.wait_until_ready()

    def _upgrade(self, values: str) -> None:
        command = ("upgrade", "--install", RELEASE, str(CHART), "--values", "-", "--take-ownership")
        done = self.helm(*command, "--wait", "--timeout", "2m", stdin=values)
        if done.returncode != 0:
            pytest.fail(f"helm upgrade --install failed: {done.stderr}\n{self._describe_pods()}")

    def find_values(self) -> str | None:
        """Return the values of the release that is there now, None where there is none."""
        found = self.helm("get", "values", RELEASE, "--output", "json")
        return found.stdout if found.returncode == 0 else None

    def restore(self, values: str | None) -> None:
        """Give back the release that was there before, or leave none: nobody expects an operator with tests' values."""
        if values is not None:
            self._upgrade(values)
            return
        done = self.helm("uninstall", RELEASE, "--wait", "--timeout", "90s")
        assert done.returncode == 0, done.stderr

    def wait_until_ready(self, seconds: float = 90) -> Manifest:
        """Return the operator's pod that leads, once as many as wanted are there, all of them Ready."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pods, wanted = self.operator_pods(), self._count_wanted()
            if len(pods) == wanted and all(_is_ready(pod) for pod in pods) and (leader := find_leader(pods)):
                return leader
            time.sleep(0.3)
        pytest.fail(f"the operator was not Ready in {seconds:.0f} s\n{self._describe_pods()}")

    def _count_wanted(self) -> int:
        count: int = self.connection.get("Deployment", RELEASE, SYSTEM_NAMESPACE)["spec"]["replicas"]
        return count

    def operator_pods(self) -> list[Manifest]:
        """Return the operator's pods."""
        return self.connection.select("Pod", SYSTEM_NAMESPACE, OPERATOR_SELECTOR)

    def kill(self) -> None:
        """Kill the operator's process with SIGKILL; the Deployment starts a new pod.

        The dead pod is deleted, only so that the kubelet's growing pause between restarts does not count here.
        """
        for pod in self.operator_pods():
            processes.kill_processes(pod)
            self.connection.delete("Pod", pod["metadata"]["name"], SYSTEM_NAMESPACE, grace_seconds=0)

    def scale(self, replicas: int) -> None:
        """Run that many operators, and wait until it is so."""
        self.connection.merge("Deployment", RELEASE, SYSTEM_NAMESPACE, {"spec": {"replicas": replicas}})
        if replicas:
            self.wait_until_ready()
            return
        deadline = time.monotonic() + 60
        while self.operator_pods():
            if time.monotonic() > deadline:
                pytest.fail(f"the operator did not stop in 60 s\n{self._describe_pods()}")
            time.sleep(0.3)

    def metrics(self) -> str:
        """Return what the operator's /metrics answers."""
        address = self.wait_until_ready()["status"]["podIP"]
        return pages.read_page(f"http://{address}:{METRICS_PORT}/metrics")[1]

    def health(self) -> int:
        """Return the HTTP status of the operator's /healthz; 0 when nothing answers."""
        for pod in self.operator_pods():
            if address := pod["status"].get("podIP"):
                return pages.read_page(f"http://{address}:{HEALTH_PORT}/healthz")[0]
        return 0

    def _describe_pods(self) -> str:
        lines = []
        for pod in self.operator_pods():
            name = pod["metadata"]["name"]
            lines.append(f"{name} {json.dumps(pod['status'].get('containerStatuses', []))}")
            lines.append(self.connection.read_log(name, SYSTEM_NAMESPACE, 20))
        return "\n".join(lines) or "no operator pod"


def find_leader(pods: list[Manifest]) -> Manifest | None:
    """Return the pod that says that it leads."""
    addresses = [(pod, pod["status"].get("podIP")) for pod in pods]
    told = [(pod, pages.read_page(f"http://{address}:{HEALTH_PORT}/healthz")) for pod, address in addresses if address]
    return next((pod for pod, answer in told if answer == (200, "leader")), None)


def _is_ready(pod: Manifest) -> bool:
    conditions = pod["status"].get("conditions", [])
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]

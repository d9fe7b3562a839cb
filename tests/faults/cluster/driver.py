"""Drives one resource from its apply to its end: the user's part and the nodes' part; the operator's is its own.

Owns the waits between the parts. What it waits for never depends on which steps an operator saw: after a crash some
are skipped, and the lifecycle goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_operator.api.resources import JOBS, OWNERS_BY_KIND, PODS
from tests.faults.cluster import manifests
from tests.faults.cluster.api import Json
from tests.faults.cluster.kubelet import build_outcome
from tests.faults.cluster.sandbox import Sandbox

AT_WORK: Final = {"Inspecting", "Training", "Evaluating", "Predicting"}
ENDS: Final = {"Ready", "Invalid", "Succeeded", "Failed", "Cancelled"}
BUILD: Final[dict[str, Callable[[str], Json]]] = {
    "Dataset": manifests.build_dataset,
    "Model": manifests.build_model,
    "Evaluation": manifests.build_evaluation,
    "Prediction": manifests.build_prediction,
}


@dataclass
class Driver:
    """The user and the nodes of one resource."""

    sandbox: Sandbox
    kind: str
    name: str
    seconds: float = 40.0
    """How long each wait may last."""
    uid: str = ""

    @property
    def status(self) -> Json:
        """Return the status as it is now."""
        found = self.sandbox.mirror.get(OWNERS_BY_KIND[self.kind], self.sandbox.namespace, self.name) or {}
        status: Json = found.get("status", {})
        return status if found.get("metadata", {}).get("uid") == self.uid else {}

    def create(self, manifest: Json | None = None) -> None:
        """Apply the resource."""
        resource = OWNERS_BY_KIND[self.kind]
        made = self.sandbox.api.create(resource, self.sandbox.namespace, manifest or BUILD[self.kind](self.name))
        self.uid = made["metadata"]["uid"]

    def edit(self, **spec: object) -> None:
        """Change the spec."""
        self.sandbox.api.merge(OWNERS_BY_KIND[self.kind], self.sandbox.namespace, self.name, {"spec": spec})

    def delete(self) -> None:
        """Delete the resource."""
        self.sandbox.api.delete(OWNERS_BY_KIND[self.kind], self.sandbox.namespace, self.name)

    def start(self, attempt: int = 1) -> None:
        """Run an attempt's container once its pod is there and the status knows of it."""
        self.wait_pod(attempt)
        self.wait(f"attempt {attempt} in the status", lambda: self.attempt(attempt) is not None)
        self.sandbox.cluster.kubelet.place(self.pod(attempt))
        self.wait("a status that names the node's work", lambda: self.status.get("reason") == "Starting")
        self.sandbox.cluster.kubelet.start(self.pod(attempt))
        self.wait(f"attempt {attempt} started", lambda: bool((self.attempt(attempt) or {}).get("startedAt")))
        self.wait("a phase that says so", lambda: self.status.get("reason") in AT_WORK)

    def end(self, attempt: int = 1, reason: Reason = Reason.SUCCEEDED, disruption: str | None = None) -> None:
        """End an attempt's container."""
        pod = self.pod(attempt)
        self.sandbox.cluster.kubelet.end(pod, build_outcome(pod, reason), disruption)

    def run(self, attempt: int = 1) -> None:
        """Run an attempt to its good end."""
        self.start(attempt)
        self.end(attempt)
        self.wait_end()

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait; raises TimeoutError."""
        self.sandbox.wait(f"{self.kind} {self.name}: {what} (now: {self.status.get('phase')})", holds, self.seconds)

    def wait_pod(self, attempt: int = 1) -> None:
        """Wait until an attempt's pod is there."""
        self.wait(f"a pod of attempt {attempt}", lambda: self.find_pod(attempt) is not None)

    def wait_reason(self, reason: str) -> None:
        """Wait for a reason."""
        self.wait(f"reason {reason}", lambda: self.status.get("reason") == reason)

    def wait_end(self) -> None:
        """Wait for an end that stays."""
        self.wait("an end", lambda: self.status.get("phase") in ENDS)

    def attempt(self, number: int) -> Json | None:
        """Return what the status says of an attempt."""
        return next((item for item in self.status.get("attempts", ()) if item["number"] == number), None)

    def pod(self, attempt: int = 1) -> Json:
        """Return an attempt's pod."""
        found = self.find_pod(attempt)
        assert found is not None
        return found

    def find_pod(self, attempt: int = 1) -> Json | None:
        """Return an attempt's pod, None where there is none."""
        pods = self.sandbox.mirror.select(PODS, self.sandbox.namespace, names.LABEL_UID, self.uid)
        return next((pod for pod in pods if pod["metadata"]["labels"][names.LABEL_ATTEMPT] == str(attempt)), None)

    def jobs(self) -> list[Json]:
        """Return the Jobs that are there."""
        return self.sandbox.mirror.select(JOBS, self.sandbox.namespace, names.LABEL_UID, self.uid)

    def job_name(self, attempt: int = 1) -> str:
        """Return the name that an attempt's Job has."""
        return names.child_name(self.name, self.uid, attempt)

"""Waiting for the state of an object, with a complaint that shows all that is needed to find the cause.

Must not change anything on the cluster.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.cluster.api.connection import Connection, Manifest

SYSTEM_NAMESPACE: Final = "darkroom-system"
POLL_SECONDS: Final = 0.4
ENDED: Final = frozenset({"Succeeded", "Failed", "Cancelled", "Ready", "Invalid"})


def status_of(item: Manifest) -> dict[str, Any]:
    """Return an object's status, empty before the first one was written."""
    status: dict[str, Any] = item.get("status") or {}
    return status


def reason_of(item: Manifest) -> str:
    """Return the reason in an object's status."""
    return str(status_of(item).get("reason", ""))


def message_of(item: Manifest) -> str:
    """Return the message in an object's status."""
    return str(status_of(item).get("message", ""))


def phase_of(item: Manifest) -> str:
    """Return the phase in an object's status."""
    return str(status_of(item).get("phase", ""))


def condition_of(item: Manifest, kind: str) -> str | None:
    """Return the status of one condition, or None where there is no such condition."""
    conditions = status_of(item).get("conditions", [])
    return next((condition["status"] for condition in conditions if condition["type"] == kind), None)


class Waiter:
    """Waits for objects of one cluster."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def until(
        self,
        kind: str,
        namespace: str,
        name: str,
        predicate: Callable[[Manifest], bool],
        seconds: float,
        what: str = "the expected state",
    ) -> Manifest:
        """Return the object once `predicate` holds; fails at once when it has ended in another state."""
        deadline = time.monotonic() + seconds
        while True:
            item = self._connection.find(kind, name, namespace)
            if item is not None and predicate(item):
                return item
            if item is not None and phase_of(item) in ENDED and kind != "Pod":
                pytest.fail(f"{kind} {name} ended without {what}\n{self.describe(kind, namespace, name)}")
            if time.monotonic() > deadline:
                pytest.fail(f"{kind} {name}: no {what} in {seconds:.0f} s\n{self.describe(kind, namespace, name)}")
            time.sleep(POLL_SECONDS)

    def phase(self, kind: str, namespace: str, name: str, phase: str, seconds: float) -> Manifest:
        """Return the object once it is in `phase`."""
        return self.until(kind, namespace, name, lambda item: phase_of(item) == phase, seconds, f"phase {phase}")

    def reason(self, kind: str, namespace: str, name: str, reason: str, seconds: float) -> Manifest:
        """Return the object once it carries `reason`."""
        return self.until(kind, namespace, name, lambda item: reason_of(item) == reason, seconds, f"reason {reason}")

    def end(self, kind: str, namespace: str, name: str, seconds: float) -> Manifest:
        """Return the object once it has ended, in whatever way."""
        return self.until(kind, namespace, name, lambda item: phase_of(item) in ENDED, seconds, "an end")

    def pod(self, namespace: str, owner: str, seconds: float, attempt: int = 1) -> Manifest:
        """Return the pod of an attempt of a resource once its container runs."""
        deadline = time.monotonic() + seconds
        selector = f"darkroom.dev/name={owner},darkroom.dev/attempt={attempt}"
        while time.monotonic() < deadline:
            for pod in self._connection.select("Pod", namespace, selector):
                if _is_running(pod):
                    return pod
            time.sleep(POLL_SECONDS / 2)
        runs = self._describe_runs(namespace)
        pytest.fail(f"no running pod of {owner}, attempt {attempt}, in {seconds:.0f} s\n{runs}")

    def describe(self, kind: str, namespace: str, name: str) -> str:
        """Return an object's status, the runs of its namespace and the operator's last lines."""
        item = self._connection.find(kind, name, namespace)
        status = json.dumps(status_of(item) if item else None, indent=1)
        return f"status: {status}\n{self._describe_runs(namespace)}\n{self._describe_operator()}"

    def _describe_runs(self, namespace: str) -> str:
        lines = [f"pod {_summarize_pod(pod)}" for pod in self._connection.select("Pod", namespace)]
        for job in self._connection.select("Job", namespace):
            conditions = [
                f"{c['type']}={c['status']} {c.get('reason', '')}" for c in job["status"].get("conditions", [])
            ]
            lines.append(f"job {job['metadata']['name']} {' '.join(conditions)}")
        return "\n".join(lines) or "no pods or jobs"

    def _describe_operator(self) -> str:
        for pod in self._connection.select("Pod", SYSTEM_NAMESPACE):
            name = pod["metadata"]["name"]
            log = self._connection.read_log(name, SYSTEM_NAMESPACE, 15)
            return f"operator {_summarize_pod(pod)}, last lines:\n{log}"
        return "no operator pod"


def _is_running(pod: Manifest) -> bool:
    return any("running" in status["state"] for status in pod["status"].get("containerStatuses", []))


def _summarize_pod(pod: Manifest) -> str:
    states = [json.dumps(status["state"])[:400] for status in pod["status"].get("containerStatuses", [])]
    return f"{pod['metadata']['name']} {pod['status'].get('phase')} {' '.join(states)}"

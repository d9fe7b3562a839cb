"""The Models that a module applies to one Dataset, named `digits`: steered, watched and taken away in few words."""

import time
from typing import Any, Final

import pytest

from darkroom_trainer.checkpoints.claims import is_claim
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import POLL_SECONDS, Waiter, status_of
from tests.cluster.storage.bucket import Bucket

LOG_LINES: Final = 400
CHECKPOINT_SECONDS: Final = 90


class Runs:
    """The Models of one namespace."""

    def __init__(self, connection: Connection, bucket: Bucket, namespace: str) -> None:
        self.connection, self.bucket, self.namespace = connection, bucket, namespace
        self.waiter = Waiter(connection)

    def apply(self, name: str, **options: Any) -> None:
        """Apply a Model that trains on `digits`."""
        self.connection.apply(manifests.a_model(name, self.namespace, "digits", **options))

    def steer(self, name: str, **spec: Any) -> None:
        """Change what may change of a Model."""
        self.connection.merge("Model", name, self.namespace, {"spec": spec})

    def status(self, name: str) -> dict[str, Any]:
        """Return a Model's status."""
        return status_of(self.connection.get("Model", name, self.namespace))

    def end(self, name: str, seconds: float) -> dict[str, Any]:
        """Return a Model's status once it has ended."""
        return status_of(self.waiter.end("Model", self.namespace, name, seconds))

    def wait_for_checkpoint(self, name: str, attempt: int) -> Manifest:
        """Return an attempt's pod once it has written a checkpoint of its own."""
        pod = self.waiter.pod(self.namespace, name, CHECKPOINT_SECONDS, attempt)
        deadline = time.monotonic() + CHECKPOINT_SECONDS
        while not self._has_checkpoint(name, attempt):
            if time.monotonic() > deadline:
                told = self.waiter.describe("Model", self.namespace, name)
                pytest.fail(f"attempt {attempt} of {name} wrote no checkpoint in {CHECKPOINT_SECONDS} s\n{told}")
            time.sleep(POLL_SECONDS)
        return pod

    def _has_checkpoint(self, name: str, attempt: int) -> bool:
        keys = [key for key in self.bucket.keys("") if f"/models/{name}-" in f"/{key}" and "/checkpoints/" in key]
        written = [key for key in keys if key.endswith(".json") and not is_claim(key)]
        return any(key.rpartition("/")[2].startswith(f"{attempt:05d}-") for key in written)

    def read_log(self, name: str, attempt: int) -> str:
        """Return what an attempt's pod printed, for as long as it is kept."""
        pods = self.connection.select("Pod", self.namespace, f"darkroom.dev/name={name},darkroom.dev/attempt={attempt}")
        return "\n".join(self.connection.read_log(pod["metadata"]["name"], self.namespace, LOG_LINES) for pod in pods)

    def live_pods(self, name: str) -> list[str]:
        """Return the names of a Model's pods that have not ended."""
        pods = self.connection.select("Pod", self.namespace, f"darkroom.dev/name={name}")
        return [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] in ("Pending", "Running")]

    def delete_and_check(self, name: str, seconds: float) -> None:
        """Delete a Model; fails where it, or a Job or pod of it, is still there after `seconds`."""
        self.connection.delete("Model", name, self.namespace)
        deadline = time.monotonic() + seconds
        while left := self._list_left(name):
            if time.monotonic() > deadline:
                pytest.fail(f"{seconds:.0f} s after Model {name} was deleted there are {', '.join(left)}")
            time.sleep(POLL_SECONDS)

    def _list_left(self, name: str) -> list[str]:
        selector = f"darkroom.dev/name={name}"
        children = [
            f"{kind} {item['metadata']['name']}"
            for kind in ("Job", "Pod")
            for item in self.connection.select(kind, self.namespace, selector)
        ]
        return children + (["the Model"] if self.connection.find("Model", name, self.namespace) else [])

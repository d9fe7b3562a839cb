"""What the tests of failures have at hand: the namespace that they break things in, and short ways to do so."""

from typing import Any

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.recorder import Recorder
from tests.cluster.api.waiting import Waiter, status_of
from tests.cluster.storage.bucket import Bucket


class Faults:
    """What the tests of this module apply and look at."""

    def __init__(
        self, connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str, datasets: Recorder
    ) -> None:
        self.connection, self.waiter, self.bucket, self.namespace = connection, waiter, bucket, namespace
        self.datasets = datasets

    def apply_dataset(self, name: str, key: str = "digits/train.json", **options: Any) -> None:
        """Apply a Dataset whose images are the digits of this session."""
        uri = self.bucket.uri(key)
        root = self.bucket.uri("digits/")
        self.connection.apply(manifests.a_dataset(name, self.namespace, uri, imageRoot=root, **options))

    def apply_model(self, name: str, dataset: str, **options: Any) -> None:
        """Apply a Model."""
        self.connection.apply(manifests.a_model(name, self.namespace, dataset, **options))

    def end(self, kind: str, name: str, seconds: float = 120) -> Manifest:
        """Wait for the end of a resource."""
        return self.waiter.end(kind, self.namespace, name, seconds)

    def reason(self, kind: str, name: str, reason: str, seconds: float = 60) -> str:
        """Wait for a reason; return the message that came with it."""
        return str(status_of(self.waiter.reason(kind, self.namespace, name, reason, seconds))["message"])

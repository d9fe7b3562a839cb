"""What the benches on the real cluster share: the release with their values, a bucket and a namespace, for a while.

Owns bringing these up and taking them away. Must not measure anything.
"""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hack.localcluster.state import State
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import Waiter
from tests.cluster.host import node
from tests.cluster.setup import bringup
from tests.cluster.setup.installation import Installation
from tests.cluster.storage.bucket import Bucket, create_bucket


@dataclass(frozen=True)
class ClusterSession:
    """The cluster with Darkroom on it, for one bench."""

    state: State
    connection: Connection
    installation: Installation
    waiter: Waiter
    bucket: Bucket
    namespace: str

    def apply_dataset(self, name: str, key: str, **options: Any) -> None:
        """Apply a Dataset whose annotation file is an object of the bucket."""
        self.connection.apply(manifests.a_dataset(name, self.namespace, self.bucket.uri(key), **options))

    def await_dataset(self, name: str, seconds: float = 300) -> Manifest:
        """Wait until a Dataset is Ready."""
        return self.waiter.phase("Dataset", self.namespace, name, "Ready", seconds)


@contextlib.contextmanager
def open_session(topic: str, gpus: int, **values: Any) -> Iterator[ClusterSession]:
    """Give the cluster with the release on it; `values` replace those of the cluster tests."""
    with bringup.hold_cluster() as state, contextlib.ExitStack() as undo:
        connection = Connection(state.kubeconfig, state.binaries / "kubectl")
        installation = Installation(connection, state)
        undo.callback(installation.restore, installation.find_values())
        node.set_gpus(connection, gpus)
        undo.callback(node.set_gpus, connection, 1)
        installation.install(**values)
        bucket = create_bucket(connection, f"{topic}-{secrets.token_hex(4)}")
        undo.callback(bucket.remove)
        namespace = f"darkroom-{topic}-{secrets.token_hex(2)}"
        connection.apply(manifests.a_namespace(namespace))
        connection.apply(manifests.a_secret(namespace, bucket.access_key, bucket.secret_key))
        undo.callback(connection.delete, "Namespace", namespace)
        yield ClusterSession(state, connection, installation, Waiter(connection), bucket, namespace)

"""PersistentVolumes that are folders of the node, bound to claims by hand: the local cluster has no storage class.

Owns the folders and the objects, and takes both away.
"""

import pathlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hack.localcluster.state import State
from tests.cluster.api.connection import Connection, Manifest

SIZE: Final = "1Gi"
MODES: Final = ["ReadWriteOnce"]


class Volumes:
    """The volumes of one namespace."""

    def __init__(self, connection: Connection, namespace: str, folder: pathlib.Path) -> None:
        self._connection, self._namespace, self._folder = connection, namespace, folder
        self._bound: list[str] = []

    def make_folder(self, claim: str) -> pathlib.Path:
        """Return the folder that is to be the root of a claim, where everybody may read."""
        folder = self._folder / claim
        folder.mkdir(parents=True, mode=0o755)
        return folder

    def bind(self, claim: str, node: str | None = None) -> None:
        """Create a claim with the volume that it is bound to; `node` is the only one that may use it."""
        name = f"{self._namespace}-{claim}"
        spec: Manifest = {
            "storageClassName": "",
            "capacity": {"storage": SIZE},
            "accessModes": MODES,
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": self._namespace, "name": claim},
            "hostPath": {"path": str(self._folder / claim), "type": "Directory"},
        }
        if node is not None:
            named = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
            spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [named]}]}}
        metadata = {"name": name}
        self._connection.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec})
        self._bound.append(name)
        self.claim(claim, volumeName=name)

    def claim(self, name: str, **spec: str) -> None:
        """Create a claim; without the name of a volume nothing binds it."""
        wanted = {"storageClassName": "", "accessModes": MODES, "resources": {"requests": {"storage": SIZE}}, **spec}
        metadata = {"name": name, "namespace": self._namespace}
        self._connection.apply(
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": wanted}
        )

    def remove(self) -> None:
        """Take the volumes away, and the folders; the claims go with their namespace."""
        for name in self._bound:
            self._connection.delete("PersistentVolume", name)
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def open_volumes(connection: Connection, state: State, namespace: str) -> Iterator[Volumes]:
    """Yield what makes the volumes of a namespace."""
    volumes = Volumes(connection, namespace, state.cluster / "test-volumes" / namespace)
    try:
        yield volumes
    finally:
        volumes.remove()


def let_read(folder: pathlib.Path) -> None:
    """Let every user read what is in a folder: a trainer is no owner of it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)

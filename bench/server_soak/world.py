"""What a server of a cluster lives on: a real API server with Models, and a real bucket with their files.

Owns these, and how a Model comes to another version. The bucket listens at this machine's own address, since a server
of a cluster goes to no loopback address. Must not know the servers.
"""

import contextlib
import pathlib
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from bench.clusters.control_plane import ControlPlane, start_control_plane
from bench.server_soak.verdicts import Published
from bench.server_soak.versions import Version
from darkroom_api.names import KEY_PAIR
from darkroom_operator.api.resources import MODELS
from tests.faults.cluster.api import NAMESPACES, Api
from tests.faults.cluster.manifests import build_model, build_succeeded_status
from tests.faults.storage.s3_server import BUCKET, S3Server, start_s3

NAMESPACE: Final = "soaked"
KEY: Final = "key-of-the-soak-0123456789"
_ANY_PUBLIC: Final = ("203.0.113.1", 9)
"""Nothing is sent there: the kernel says which of our addresses it would be sent from."""


@dataclass
class World:
    """All of it."""

    folder: pathlib.Path
    control: ControlPlane
    bucket: S3Server
    api: Api
    published: list[Published] = field(default_factory=list)
    num_rotations: int = 0

    @property
    def server_flags(self) -> list[str]:
        """Return how a server is started here."""
        return ["--config", str(self.folder / "server.yaml"), "--kubeconfig", str(self.control.kubeconfig)]

    def create_model(self, model: str) -> None:
        """Make a Model that has no files yet."""
        self.api.create(MODELS, NAMESPACE, build_model(model))

    def publish(self, version: Version) -> None:
        """Put the files of a version into the bucket and let its Model name them, as the operator would."""
        prefix = f"models/{version.name}"
        self.bucket.put_folder(version.folder, prefix)
        artifacts = {"uri": f"s3://{BUCKET}/{prefix}", "digest": version.digest}
        asked_at = time.monotonic()
        status = {**build_succeeded_status(), "artifacts": artifacts}
        self.api.merge(MODELS, NAMESPACE, version.model, {"status": status}, subresource="status")
        self.published.append(Published(version.model, version.name, asked_at, time.monotonic(), version.answers))
        shutil.rmtree(version.folder)

    def rotate_keys(self) -> None:
        """Give the servers other credentials of the bucket, as the kubelet does, and revoke the former ones."""
        self.num_rotations += 1
        user = f"server-{self.num_rotations}"
        self.bucket.create_user(user)
        mounted = self.folder / "bucket"
        fresh = mounted / f"..{user}"
        fresh.mkdir(parents=True)
        for key in KEY_PAIR:
            (fresh / key).write_text(user)
        (mounted / "..next").symlink_to(fresh.name)
        (mounted / "..next").rename(mounted / "..data")
        for key in KEY_PAIR:
            if not (mounted / key).exists():
                (mounted / key).symlink_to(f"..data/{key}")
        if self.num_rotations > 1:
            self.bucket.revoke(f"server-{self.num_rotations - 1}")

    def write_config(self) -> None:
        """Write the configuration of the servers, and the one key."""
        keys = self.folder / "keys"
        keys.mkdir()
        (keys / f"{NAMESPACE}.soak").write_text(KEY)
        storage = {"prefix": f"s3://{BUCKET}/", "endpoint": self.bucket.address}
        config = {
            "cluster": {
                "namespaces": [NAMESPACE],
                "storage": [{**storage, "credentialsFolder": str(self.folder / "bucket")}],
            },
            "access": {"keysFolder": str(keys), "bearerTokens": False},
        }
        (self.folder / "server.yaml").write_text(yaml.safe_dump(config))


@contextlib.contextmanager
def build_world() -> Iterator[World]:
    """Start API server and bucket; ends them in the end."""
    with tempfile.TemporaryDirectory(prefix="darkroom-soak-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        control = stack.enter_context(start_control_plane())
        (folder / "s3").mkdir()
        bucket = stack.enter_context(start_s3(folder / "s3", find_own_address()))
        world = World(folder, control, bucket, Api(control))
        world.api.create(NAMESPACES, None, {"metadata": {"name": NAMESPACE}})
        world.rotate_keys()
        world.write_config()
        yield world


def find_own_address() -> str:
    """Return the address of this machine on its network; raises SystemExit without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_ANY_PUBLIC)
        except OSError as error:
            raise SystemExit("the bucket needs an address of this machine that is not loopback: none found") from error
        return str(asking.getsockname()[0])

"""Where everything is kept on this machine, and the fixed addresses of the cluster. Creates folders, nothing else."""

import os
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
REPOSITORY = SOURCES.parents[1]

CONTEXT = "darkroom-local"
NODE = "node0"
BRIDGE = "cni0"
NODE_ADDRESS = "10.88.0.1"
POD_NETWORK = "10.88.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_ADDRESS = "10.96.0.10"
S3_ADDRESS = "10.96.0.90"
S3_PORT = 9000


def default_root() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("DARKROOM_STATE") or Path(cache) / "darkroom").absolute()


@dataclass(frozen=True)
class State:
    root: Path

    @property
    def store(self) -> Path:
        """Built binaries, one file for each version of what they are built from."""
        return self.root / "store"

    @property
    def binaries(self) -> Path:
        """Links into the store, by the names that go on PATH."""
        return self.root / "bin"

    @property
    def images(self) -> Path:
        """The image builder's layers; they outlive the cluster."""
        return self.root / "images"

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def log(self) -> Path:
        return self.cluster / "log"

    @property
    def run(self) -> Path:
        return self.cluster / "run"

    @property
    def pki(self) -> Path:
        return self.cluster / "pki"

    @property
    def kubelet(self) -> Path:
        return self.cluster / "kubelet"

    @property
    def containerd(self) -> Path:
        return self.cluster / "containerd"

    @property
    def socket(self) -> Path:
        return self.cluster / "containerd.sock"

    @property
    def kubeconfig(self) -> Path:
        return self.cluster / "admin.kubeconfig"

    def create(self) -> None:
        lasting = (self.store, self.binaries, self.images)
        for folder in (*lasting, self.log, self.run, self.pki, self.kubelet, self.containerd):
            folder.mkdir(parents=True, exist_ok=True)
        self.pki.chmod(0o700)

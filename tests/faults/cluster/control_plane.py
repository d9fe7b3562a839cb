"""The cluster of the fault tests: a real API server and real controllers; only the nodes are simulated.

Owns what all sandboxes share. etcd and API server are the bench's; the controllers are the ones that Darkroom leans on.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.clusters.control_plane import BINARIES, ControlPlane, run, start_control_plane
from tests.faults.cluster.api import Api
from tests.faults.cluster.kubelet import FakeKubelet
from tests.faults.cluster.mirror import Mirror

CONTROLLERS: Final = (
    *("job-controller", "garbage-collector-controller", "namespace-controller"),
    *("resourcequota-controller", "ttl-after-finished-controller"),
)


@dataclass(frozen=True)
class FaultCluster:
    """A running cluster."""

    control: ControlPlane
    api: Api
    mirror: Mirror
    kubelet: FakeKubelet


@contextlib.contextmanager
def start_fault_cluster() -> Iterator[FaultCluster]:
    """Start a cluster with Darkroom's CRDs; ends it in the end."""
    with start_control_plane() as control, run(control.folder, "controllers", build_controllers_command(control)):
        api = Api(control)
        kubelet = FakeKubelet(api)
        yield FaultCluster(control, api, Mirror(api, kubelet.take_note), kubelet)


def build_controllers_command(control: ControlPlane) -> list[str]:
    """Return the command of a controller manager with few controllers."""
    return [
        *(str(BINARIES / "kube-controller-manager"), f"--kubeconfig={control.kubeconfig}"),
        *("--leader-elect=false", "--secure-port=0", f"--controllers={','.join(CONTROLLERS)}"),
        *("--kube-api-qps=200", "--kube-api-burst=400"),
    ]

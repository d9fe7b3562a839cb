"""The one node: the kubelet's configuration, readiness and the GPUs that the node says it has."""

import ipaddress
import json
from pathlib import Path

from hack.localcluster.kube import api
from hack.localcluster.progress import Refused
from hack.localcluster.state import DNS_ADDRESS, NODE, State

GPU = "nvidia.com/gpu"
DEFAULT_GPUS = 1
RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


def is_usable_resolver(path: Path) -> bool:
    """A name server on the loopback address is another machine's loopback inside a pod."""
    lines = path.read_text().splitlines() if path.exists() else []
    servers = [line.split()[1] for line in lines if line.startswith("nameserver ")]
    return bool(servers) and not any(ipaddress.ip_address(server).is_loopback for server in servers)


def resolver(state: State) -> Path:
    for path in RESOLVERS:
        if is_usable_resolver(path):
            return path
    fallback = state.cluster / "resolv.conf"
    fallback.write_text("nameserver 192.0.2.1\n")  # a documentation address: nothing outside resolves, and quickly
    return fallback


def kubelet_configuration(state: State) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(state.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "containerRuntimeEndpoint": f"unix://{state.socket}",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(resolver(state)),
        "failSwapOn": False,
        "maxPods": 250,
        "enforceNodeAllocatable": [],
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
        # There is no registry to pull an image from again.
        "imageGCHighThresholdPercent": 100,
        "makeIPTablesUtilChains": False,
        # Tolerate limits and kernel settings that a small machine refuses.
        "featureGates": {"KubeletInUserNamespace": True},
        "registryPullQPS": 0,
        "serializeImagePulls": False,
        "syncFrequency": "10s",
        # A changed number of GPUs is taken over soon; what has not changed is not reported each time.
        "nodeStatusUpdateFrequency": "1s",
        "nodeStatusReportFrequency": "5m",
    }


def write_kubelet_configuration(state: State) -> None:
    (state.cluster / "kubelet.json").write_text(json.dumps(kubelet_configuration(state), indent=1))


def read(state: State, path: str) -> str:
    """One value of the node by its JSONPath; empty where there is none, or no answer."""
    return api.kubectl(state, "get", "node", NODE, "-o", f"jsonpath={{{path}}}", check=False)


def is_ready(state: State) -> bool:
    return read(state, '.status.conditions[?(@.type=="Ready")].status') == "True"


def advertised_gpus(state: State) -> int:
    return int(read(state, ".status.allocatable.nvidia\\.com/gpu") or 0)


def wanted_gpus(state: State) -> int:
    path = state.cluster / "gpus"
    return int(path.read_text()) if path.exists() else DEFAULT_GPUS


def set_gpus(state: State, count: int) -> None:
    if count < 0:
        raise Refused("the number of GPUs cannot be negative")
    (state.cluster / "gpus").write_text(str(count))
    patch = [{"op": "add", "path": f"/status/capacity/{GPU.replace('/', '~1')}", "value": str(count)}]
    api.kubectl(state, "patch", "node", NODE, "--subresource=status", "--type=json", "-p", json.dumps(patch))


def ensure_gpus(state: State) -> None:
    """The kubelet copies a capacity to what is allocatable when it next reports."""
    if advertised_gpus(state) == wanted_gpus(state):
        return
    set_gpus(state, wanted_gpus(state))
    api.wait_until(lambda: advertised_gpus(state) == wanted_gpus(state), 30, f"{GPU} on the node")

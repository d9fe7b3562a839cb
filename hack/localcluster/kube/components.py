"""What the cluster is made of: each component's command line and its ports. Starts nothing itself."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hack.localcluster.state import NODE, NODE_ADDRESS, SERVICE_NETWORK, SOURCES, State

AUDIT_POLICY = SOURCES / "audit-policy.json"
ETCD_URL = "http://127.0.0.1:2379"


@dataclass(frozen=True)
class Component:
    name: str
    command: Callable[[State], list[str]]
    ports: tuple[int, ...] = ()


def option_list(program: Path | str, options: dict[str, object]) -> list[str]:
    return [str(program), *(f"--{name}={value}" for name, value in options.items())]


def containerd_command(state: State) -> list[str]:
    return ["containerd", "-c", str(state.cluster / "containerd.toml")]


def etcd_command(state: State) -> list[str]:
    return option_list(
        "etcd",
        {
            "data-dir": state.cluster / "etcd",
            "listen-client-urls": ETCD_URL,
            "advertise-client-urls": ETCD_URL,
            "listen-peer-urls": "http://127.0.0.1:2380",
            "quota-backend-bytes": 4 * 1024**3,
            "auto-compaction-retention": "30m",
            "unsafe-no-fsync": "true",  # the cluster may be thrown away; its tests should not wait for the disk
        },
    )


def apiserver_command(state: State) -> list[str]:
    options: dict[str, object] = {
        "etcd-servers": ETCD_URL,
        "secure-port": 6443,
        "bind-address": "0.0.0.0",
        "advertise-address": NODE_ADDRESS,
        "service-cluster-ip-range": SERVICE_NETWORK,
        "tls-cert-file": state.pki / "apiserver.crt",
        "tls-private-key-file": state.pki / "apiserver.key",
        "client-ca-file": state.pki / "ca.crt",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": state.pki / "sa.pub",
        "service-account-signing-key-file": state.pki / "sa.key",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "kubelet-client-certificate": state.pki / "apiserver-kubelet.crt",
        "kubelet-client-key": state.pki / "apiserver-kubelet.key",
        "kubelet-preferred-address-types": "InternalIP",
        "max-requests-inflight": 1600,
        "max-mutating-requests-inflight": 800,
        "shutdown-delay-duration": "0s",
    }
    return option_list(state.binaries / "kube-apiserver", options | audit_options(state))


def audit_options(state: State) -> dict[str, object]:
    return {
        "audit-policy-file": AUDIT_POLICY,
        "audit-log-path": state.log / "audit.log",
        "audit-log-maxsize": 200,
        "audit-log-maxbackup": 3,
    }


def controller_manager_command(state: State) -> list[str]:
    return option_list(
        state.binaries / "kube-controller-manager",
        {
            "kubeconfig": state.cluster / "kube-controller-manager.kubeconfig",
            "leader-elect": "false",
            "use-service-account-credentials": "true",
            "service-account-private-key-file": state.pki / "sa.key",
            "root-ca-file": state.pki / "ca.crt",
            "cluster-signing-cert-file": state.pki / "ca.crt",
            "cluster-signing-key-file": state.pki / "ca.key",
        },
    )


def scheduler_command(state: State) -> list[str]:
    kubeconfig = state.cluster / "kube-scheduler.kubeconfig"
    return option_list(state.binaries / "kube-scheduler", {"kubeconfig": kubeconfig, "leader-elect": "false"})


def kubelet_command(state: State) -> list[str]:
    return option_list(
        state.binaries / "kubelet",
        {
            "config": state.cluster / "kubelet.json",
            "kubeconfig": state.cluster / "node.kubeconfig",
            "hostname-override": NODE,
            "node-ip": NODE_ADDRESS,
            "root-dir": state.kubelet,
        },
    )


def proxy_command(state: State) -> list[str]:
    return option_list(
        state.binaries / "kube-proxy",
        {
            "kubeconfig": state.cluster / "kube-proxy.kubeconfig",
            "proxy-mode": "nftables",
            "hostname-override": NODE,
            "conntrack-max-per-core": 0,
        },
    )


CONTAINERD = Component("containerd", containerd_command)
ETCD = Component("etcd", etcd_command, (2379, 2380))
API_SERVER = Component("kube-apiserver", apiserver_command, (6443,))
CONTROLLER_MANAGER = Component("kube-controller-manager", controller_manager_command, (10257,))
SCHEDULER = Component("kube-scheduler", scheduler_command, (10259,))
KUBELET = Component("kubelet", kubelet_command, (10250, 10248))
PROXY = Component("kube-proxy", proxy_command, (10249, 10256))

# Those that nothing waits for.
START_AT_ONCE = (CONTROLLER_MANAGER, SCHEDULER, PROXY)
ALL = (CONTAINERD, ETCD, API_SERVER, *START_AT_ONCE, KUBELET)

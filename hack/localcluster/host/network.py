"""The pod bridge and the one nftables table that lets pods out. Touches no rule or link of anyone else."""

import json
import subprocess
from pathlib import Path

from hack.localcluster.progress import Refused
from hack.localcluster.state import BRIDGE, CONTEXT, NODE_ADDRESS, POD_NETWORK, State

TABLE = CONTEXT
PROXY_TABLES = (("ip", "kube-proxy"), ("ip6", "kube-proxy"))
RESULTS = Path("/var/lib/cni/results")
NAMESPACES = Path("/run/netns")
SETTINGS = {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"}


def alias(state: State) -> str:
    """Written on the bridge itself, so that whose it is cannot be lost with a file."""
    return f"{CONTEXT} {state.root}"


def bridge_owner() -> str | None:
    """The mark on the bridge; empty when it has none, None when there is no bridge."""
    path = Path("/sys/class/net") / BRIDGE
    return (path / "ifalias").read_text().strip() if path.exists() else None


def is_up(state: State) -> bool:
    return bridge_owner() == alias(state)


def check_free(state: State) -> None:
    if bridge_owner() not in (None, alias(state)):
        raise Refused(f"the link {BRIDGE} was made by someone else ({bridge_owner() or 'no mark'}); it is left alone")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def masquerade_rules() -> str:
    rule = f'ip saddr {POD_NETWORK} ip daddr != {POD_NETWORK} oifname != "{BRIDGE}" masquerade'
    chain = f"chain postrouting {{ type nat hook postrouting priority srcnat; {rule}; }}"
    return f"table ip {TABLE}\ndelete table ip {TABLE}\ntable ip {TABLE} {{\n{chain}\n}}\n"


def ensure(state: State) -> None:
    check_free(state)
    for name, value in SETTINGS.items():
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)
    if bridge_owner() is None:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("link", "set", BRIDGE, "alias", alias(state))
        ip("addr", "add", f"{NODE_ADDRESS}/16", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
    subprocess.run(["nft", "-f", "-"], input=masquerade_rules(), text=True, check=True)


def plugin_configuration(state: State) -> dict[str, object]:
    addresses = {
        "type": "host-local",
        "dataDir": str(state.cluster / "addresses"),
        "ranges": [[{"subnet": POD_NETWORK, "gateway": NODE_ADDRESS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "hairpinMode": True, "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": CONTEXT, "plugins": [bridge]}


def write_plugin_configuration(state: State) -> Path:
    folder = state.cluster / "cni"
    folder.mkdir(exist_ok=True)
    (folder / "10-bridge.conflist").write_text(json.dumps(plugin_configuration(state), indent=1))
    return folder


def recorded_namespaces(record: Path) -> set[Path]:
    interfaces = json.loads(record.read_text()).get("result", {}).get("interfaces", [])
    return {Path(interface["sandbox"]).resolve() for interface in interfaces if interface.get("sandbox")}


def remove_pod_namespaces() -> None:
    """The network namespaces of our pods, named by the records that the plug-ins left; their links go with them."""
    for record in RESULTS.glob(f"{CONTEXT}-*"):
        for namespace in recorded_namespaces(record):
            if namespace.parent == NAMESPACES:
                subprocess.run(["umount", "-l", str(namespace)], capture_output=True)
                namespace.unlink(missing_ok=True)
        container = record.name.removeprefix(f"{CONTEXT}-").rpartition("-")[0]
        (RESULTS / f"cni-loopback-{container}-lo").unlink(missing_ok=True)
        record.unlink()


def remove(state: State) -> None:
    if not is_up(state):
        return
    remove_pod_namespaces()
    for family, table in (("ip", TABLE), *PROXY_TABLES):
        subprocess.run(["nft", "delete", "table", family, table], capture_output=True)
    ip("link", "delete", BRIDGE)

"""The NetworkPolicy of trainers: who may connect to them, and where they may connect to.

Owns the rules that hold where the administrator gives no own ones: anywhere but link-local addresses, a cloud's
services for its machines, and the API server. Must not do: any I/O.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final

from darkroom_api import names
from darkroom_api.endpoints import FORBIDDEN_NETWORKS
from darkroom_operator.api.resources import NETWORK_POLICIES, Json
from darkroom_operator.config import TrainerPolicyConfig

NAME: Final = "darkroom-trainers"
LAST_PORT: Final = 65535
_SELECTOR: Final[Json] = {
    "matchLabels": {names.LABEL_MANAGED_BY: names.MANAGED_BY},
    "matchExpressions": [{"key": names.LABEL_UID, "operator": "Exists"}],
}
_DNS: Final[Json] = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}


@dataclass(frozen=True)
class ApiServer:
    """Where the API server is: the addresses of its Service, and those behind it with their port."""

    service_addresses: tuple[str, ...]
    addresses: tuple[str, ...]
    port: int


def read_api_server(service: Json, endpoint_slice: Json) -> ApiServer:
    """Return what the Service `kubernetes` and its EndpointSlice say."""
    ports = [port["port"] for port in endpoint_slice.get("ports") or ()]
    endpoints = endpoint_slice.get("endpoints") or ()
    return ApiServer(
        service_addresses=tuple(service["spec"].get("clusterIPs") or ()),
        addresses=tuple(address for endpoint in endpoints for address in endpoint["addresses"]),
        port=ports[0] if ports else 443,
    )


def build_policy(
    namespace: str, config: TrainerPolicyConfig, api_server: ApiServer | None, spans_nodes: bool = False
) -> Json:
    """Return the policy of a namespace; without own rules of the administrator `api_server` is needed.

    Where runs may span nodes, trainers of the namespace reach each other on all TCP ports: gloo and NCCL choose theirs.
    """
    egress = list(config.egress) if config.egress is not None else _build_egress(api_server)
    report = {"from": list(config.report_from), "ports": [{"port": names.REPORT_PORT}]}
    # A rule without `from` would let everybody in.
    ingress: list[Json] = [report] if config.report_from else []
    if spans_nodes:
        ports = [{"port": 1, "endPort": LAST_PORT}]
        ingress.append({"from": [{"podSelector": _SELECTOR}], "ports": ports})
        egress.append({"to": [{"podSelector": _SELECTOR}], "ports": ports})
    return {
        "apiVersion": NETWORK_POLICIES.api_version,
        "kind": NETWORK_POLICIES.kind,
        "metadata": {"name": NAME, "namespace": namespace, "labels": {names.LABEL_MANAGED_BY: names.MANAGED_BY}},
        "spec": {
            "podSelector": _SELECTOR,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [_name_protocols(rule) for rule in ingress],
            "egress": [_name_protocols(rule) for rule in egress],
        },
    }


def _name_protocols(rule: Json) -> Json:
    """Return a rule as the API server gives it back, so that the two can be compared."""
    ports = [{"protocol": "TCP", **port} for port in rule.get("ports", ())]
    return {**rule, **({"ports": ports} if ports else {})}


def _build_egress(api_server: ApiServer | None) -> list[Json]:
    assert api_server is not None
    closed = [*FORBIDDEN_NETWORKS, *map(_to_network, (*api_server.service_addresses, *api_server.addresses))]
    anywhere = [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": [network for network in closed if ":" not in network]}},
        {"ipBlock": {"cidr": "::/0", "except": [network for network in closed if ":" in network]}},
        # Some network plugins count pods to no block of addresses.
        {"namespaceSelector": {}},
    ]
    # The API server's machine may serve a bucket too, as that of a small cluster does.
    beside = {
        "to": [{"ipBlock": {"cidr": _to_network(address)}} for address in api_server.addresses],
        "ports": [
            {"port": first, "endPort": last}
            for first, last in ((1, api_server.port - 1), (api_server.port + 1, LAST_PORT))
            if first <= last
        ],
    }
    return [_DNS, {"to": anywhere}, *([beside] if api_server.addresses else [])]


def _to_network(address: str) -> str:
    return str(ipaddress.ip_network(address))

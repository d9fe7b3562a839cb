"""The NetworkPolicy of trainers on a real API server: what it gives back is what the operator compares with.

Whether a network plugin enforces it is that plugin's; the fault cluster has none.
"""

import asyncio
from typing import Any, Final

import pytest

from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import ENDPOINT_SLICES, NETWORK_POLICIES, SERVICES
from darkroom_operator.config import TrainerPolicyConfig
from darkroom_operator.writing.isolation import Isolation
from tests.faults.cluster.api import NAMESPACES, Json
from tests.faults.cluster.control_plane import FaultCluster

POLICY: Final = "darkroom-trainers"
PEERS: Final = ({"podSelector": {"matchLabels": {"app": "operator"}}},)
RULES: Final = ({"to": [{"namespaceSelector": {}}], "ports": [{"port": 9000}]},)


def ensure(cluster: FaultCluster, namespace: str, config: TrainerPolicyConfig) -> list[tuple[str, str]]:
    """Let an operator that has just started put the policy in place; returns its writes."""
    writes: list[tuple[str, str]] = []

    async def run() -> None:
        kubeconfig = str(cluster.control.kubeconfig)
        connected = await KubernetesCluster.connect(kubeconfig, lambda verb, what: writes.append((verb, what)))
        try:
            await Isolation(connected, config).ensure(namespace)
        finally:
            await connected.close()

    asyncio.run(run())
    return writes


@pytest.mark.parametrize(
    "config",
    [TrainerPolicyConfig(report_from=PEERS), TrainerPolicyConfig(report_from=PEERS, egress=RULES)],
    ids=["our rules", "the administrator's rules"],
)
def test_the_policy_is_written_once_and_put_right_when_somebody_changes_it(
    fault_cluster: FaultCluster, config: TrainerPolicyConfig, request: pytest.FixtureRequest
) -> None:
    api, namespace = fault_cluster.api, f"policies-{abs(hash(request.node.name)) % 10_000}"
    api.create(NAMESPACES, None, {"metadata": {"name": namespace}})
    assert ensure(fault_cluster, namespace, config) == [("create", "networkpolicies")]
    assert ensure(fault_cluster, namespace, config) == []
    wanted = api.get(NETWORK_POLICIES, namespace, POLICY)["spec"]
    api.merge(NETWORK_POLICIES, namespace, POLICY, {"spec": {"egress": [{}]}})
    assert ensure(fault_cluster, namespace, config) == [("patch", "networkpolicies")]
    assert api.get(NETWORK_POLICIES, namespace, POLICY)["spec"] == wanted


def test_the_real_addresses_of_the_api_server_are_closed(fault_cluster: FaultCluster) -> None:
    api, namespace = fault_cluster.api, "policies-addresses"
    api.create(NAMESPACES, None, {"metadata": {"name": namespace}})
    ensure(fault_cluster, namespace, TrainerPolicyConfig())
    service: Json = api.get(SERVICES, "default", "kubernetes")
    endpoints: Json = api.get(ENDPOINT_SLICES, "default", "kubernetes")
    behind: list[Any] = [address for endpoint in endpoints["endpoints"] for address in endpoint["addresses"]]
    rules = api.get(NETWORK_POLICIES, namespace, POLICY)["spec"]["egress"]
    blocks = [peer["ipBlock"] for rule in rules for peer in rule.get("to", ()) if "ipBlock" in peer]
    closed = {network for block in blocks for network in block.get("except", ())}
    assert behind
    assert {f"{address}/32" for address in (*service["spec"]["clusterIPs"], *behind)} <= closed

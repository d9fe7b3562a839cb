"""The NetworkPolicy of trainers, as the operator writes it."""

from typing import Any

import pytest

from darkroom_operator.manifests.network_policy import ApiServer, build_policy, read_api_server
from tests.builders import Json, a_config

SERVICE: Json = {"spec": {"clusterIPs": ["10.96.0.1", "fd00::1"]}}
SLICE: Json = {"ports": [{"port": 6443}], "endpoints": [{"addresses": ["192.0.2.7"]}, {"addresses": ["192.0.2.8"]}]}


def policy(api_server: ApiServer | None = None, **trainer_policy: Any) -> Json:
    """Return the spec of a policy."""
    found = api_server or read_api_server(SERVICE, SLICE)
    spec: Json = build_policy("vision", a_config(trainerPolicy=trainer_policy).trainer_policy, found)["spec"]
    return spec


def blocks(spec: Json) -> dict[str, list[str]]:
    """Return what is left out of each block that is open on all ports."""
    (rule,) = [rule for rule in spec["egress"] if "to" in rule and "ports" not in rule]
    return {peer["ipBlock"]["cidr"]: peer["ipBlock"]["except"] for peer in rule["to"] if "ipBlock" in peer}


def test_trainers_reach_neither_link_local_addresses_nor_the_api_server() -> None:
    closed = blocks(policy())
    api_server = {"10.96.0.1/32", "192.0.2.7/32", "192.0.2.8/32"}
    assert {"169.254.0.0/16", "168.63.129.16/32", *api_server} <= {*closed["0.0.0.0/0"]}
    assert {"fe80::/10", "fd00::1/128"} <= {*closed["::/0"]}
    assert all(":" not in network for network in closed["0.0.0.0/0"])


def test_the_api_servers_machine_stays_open_on_its_other_ports() -> None:
    (rule,) = [rule for rule in policy()["egress"] if "to" in rule and "ports" in rule]
    assert [(port["port"], port["endPort"]) for port in rule["ports"]] == [(1, 6442), (6444, 65535)]
    assert [peer["ipBlock"]["cidr"] for peer in rule["to"]] == ["192.0.2.7/32", "192.0.2.8/32"]


def test_names_are_resolved_wherever_the_name_server_is() -> None:
    assert {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]} in policy()["egress"]


def test_it_is_about_our_pods_and_lets_in_only_who_may_read_reports() -> None:
    peers = [{"podSelector": {"matchLabels": {"app": "operator"}}}]
    spec = policy(reportFrom=peers)
    assert spec["podSelector"]["matchLabels"] == {"app.kubernetes.io/managed-by": "darkroom"}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [{"from": peers, "ports": [{"port": 8080, "protocol": "TCP"}]}]
    assert policy()["ingress"] == []


@pytest.mark.parametrize("port", [{"port": 9000}, {"port": 9000, "protocol": "TCP"}])
def test_an_administrators_own_rules_take_the_place_of_ours(port: Json) -> None:
    rule = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [port]}
    assert policy(egress=[rule])["egress"] == [{**rule, "ports": [{"port": 9000, "protocol": "TCP"}]}]


@pytest.mark.parametrize("egress", [None, []], ids=["our rules", "the administrator's rules"])
def test_trainers_reach_each_other_where_runs_may_span_nodes_and_nowhere_else(egress: Any) -> None:
    config = a_config(trainerPolicy={"egress": egress}).trainer_policy
    found = read_api_server(SERVICE, SLICE)
    alone = build_policy("vision", config, found)["spec"]
    spec: Json = build_policy("vision", config, found, spans_nodes=True)["spec"]
    ports = [{"protocol": "TCP", "port": 1, "endPort": 65535}]
    assert spec["ingress"] == [{"from": [{"podSelector": spec["podSelector"]}], "ports": ports}]
    assert spec["egress"] == [*alone["egress"], {"to": [{"podSelector": spec["podSelector"]}], "ports": ports}]
    assert alone["ingress"] == []

"""The NetworkPolicy is in place before the Jobs of a namespace, and a run does not start without it."""

import asyncio

import pytest

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import ENDPOINT_SLICES, NETWORK_POLICIES, SERVICES
from darkroom_operator.config import TrainerPolicyConfig
from darkroom_operator.writing import isolation
from darkroom_operator.writing.apply import NamespaceGoneError
from darkroom_operator.writing.isolation import Isolation, PolicyRefusedError
from tests.unit.operator.fake_cluster import FakeCluster, Json

POLICY = (NETWORK_POLICIES.plural, "vision", "darkroom-trainers")


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    metadata = {"name": "kubernetes", "namespace": "default"}
    made.add(SERVICES, {"metadata": metadata, "spec": {"clusterIPs": ["10.96.0.1"]}})
    slices: Json = {"ports": [{"port": 6443}], "endpoints": [{"addresses": ["192.0.2.7"]}]}
    made.add(ENDPOINT_SLICES, {"metadata": metadata, **slices})
    return made


def ensure(keeper: Isolation, *namespaces: str) -> None:
    async def run() -> None:
        for namespace in namespaces:
            await keeper.ensure(namespace)

    asyncio.run(run())


def test_each_namespace_gets_the_policy_once(cluster: FakeCluster) -> None:
    ensure(Isolation(cluster, TrainerPolicyConfig()), "vision", "vision", "other")
    assert cluster.writes == [("create", POLICY[0], POLICY[2])] * 2
    assert cluster.objects[POLICY]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_one_that_says_the_same_is_left_alone_and_another_is_put_right(cluster: FakeCluster) -> None:
    ensure(Isolation(cluster, TrainerPolicyConfig()), "vision")
    ensure(Isolation(cluster, TrainerPolicyConfig()), "vision")
    assert len(cluster.writes) == 1
    wanted, cluster.objects[POLICY]["spec"] = cluster.objects[POLICY]["spec"], {"egress": [{}]}
    ensure(Isolation(cluster, TrainerPolicyConfig()), "vision")
    assert cluster.objects[POLICY]["spec"] == wanted
    assert cluster.writes[1:] == [("patch", POLICY[0], POLICY[2])]


def test_a_policy_that_somebody_deletes_comes_back(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "CHECK_SECONDS", 0.0)
    keeper = Isolation(cluster, TrainerPolicyConfig())
    ensure(keeper, "vision")
    del cluster.objects[POLICY]
    ensure(keeper, "vision")
    assert POLICY in cluster.objects


def test_nothing_is_read_or_written_where_the_administrator_wants_none(cluster: FakeCluster) -> None:
    ensure(Isolation(cluster, TrainerPolicyConfig(enabled=False)), "vision")
    assert cluster.writes == []


def test_own_rules_need_no_address_of_the_api_server() -> None:
    cluster = FakeCluster()
    ensure(Isolation(cluster, TrainerPolicyConfig(egress=())), "vision")
    assert cluster.objects[POLICY]["spec"]["egress"] == []


REFUSED = {
    "the operator may not": (ClusterError(403, "Forbidden", "is forbidden"), PolicyRefusedError),
    "the API server does not take it": (ClusterError(422, "Invalid", "spec: wrong"), PolicyRefusedError),
    "the namespace is going": (
        ClusterError(403, "Forbidden", "because it is being terminated"), NamespaceGoneError
    ),
    "the API server is in trouble": (ClusterError(503, "Unavailable", "later"), ClusterError),
}  # fmt: skip


@pytest.mark.parametrize(("failure", "raised"), REFUSED.values(), ids=REFUSED.keys())
def test_a_write_that_fails_keeps_the_run_from_starting_and_is_tried_again(
    cluster: FakeCluster, failure: ClusterError, raised: type[Exception]
) -> None:
    keeper = Isolation(cluster, TrainerPolicyConfig())
    cluster.failures = [failure]
    with pytest.raises(raised):
        ensure(keeper, "vision")
    ensure(keeper, "vision")
    assert POLICY in cluster.objects


def test_an_installation_that_may_not_read_where_the_api_server_is_says_so() -> None:
    with pytest.raises(PolicyRefusedError):
        ensure(Isolation(FakeCluster(), TrainerPolicyConfig()), "vision")

"""When the Secret and the Service of a run on several nodes are made, and what is said where they cannot be."""

import asyncio
from typing import Any, Final

import pytest

from darkroom_api import names
from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Key
from darkroom_operator.writing import node_objects
from darkroom_operator.writing.apply import NamespaceGoneError, NodeObjectRefusedError
from darkroom_operator.writing.node_objects import NodeObjects
from tests.builders import NAMESPACE, UID, a_job, at
from tests.unit.operator.fake_cluster import FakeCluster

OWNER: Final = Key("Model", NAMESPACE, "fruit")
JOB: Final = a_job(owner=OWNER, indexed=True, parallelism=3)
SECRET: Final = ("create", "secrets", names.nodes_secret("fruit", UID))
SERVICE: Final = ("create", "services", names.nodes_service(UID, 1))


def a_keeper(*failures: ClusterError) -> tuple[FakeCluster, NodeObjects]:
    """Return a cluster that fails so at first, and what makes the objects there."""
    cluster: Any = FakeCluster()
    cluster.failures = list(failures)
    return cluster, NodeObjects(cluster)


def test_the_secret_comes_before_the_job_and_one_that_is_there_is_left_alone() -> None:
    cluster, made = a_keeper()
    for _ in range(2):
        asyncio.run(made.create_secret(OWNER, UID))
        first = cluster.objects["secrets", NAMESPACE, SECRET[2]]["data"]
    assert cluster.writes == [SECRET, SECRET]
    assert cluster.objects["secrets", NAMESPACE, SECRET[2]]["data"] == first


def test_what_is_there_is_looked_at_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, made = a_keeper()
    for _ in range(3):
        assert asyncio.run(made.keep(JOB)) == ""
    assert cluster.writes == [SERVICE, SECRET]
    monkeypatch.setattr(node_objects, "CHECK_SECONDS", 0.0)
    cluster.objects.clear()
    asyncio.run(made.keep(JOB))
    assert cluster.writes == [SERVICE, SECRET] * 2
    assert len(cluster.objects) == 2


LEFT_ALONE: Final = {
    "no Job": None,
    "a Job of one pod": a_job(owner=OWNER),
    "a Job that has ended": a_job(owner=OWNER, indexed=True, finished_at=at(5)),
    "a Job that is being deleted": a_job(owner=OWNER, indexed=True, deleting=True),
    "a Job that waits in a queue": a_job(owner=OWNER, indexed=True, suspended=True),
}


@pytest.mark.parametrize("job", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_nothing_is_made_for(job: Any) -> None:
    cluster, made = a_keeper()
    assert asyncio.run(made.keep(job)) == ""
    assert cluster.writes == []


def test_a_refusal_names_the_object_and_is_tried_again() -> None:
    cluster, made = a_keeper(ClusterError(403, "Forbidden", "exceeded quota: services"))
    words = asyncio.run(made.keep(JOB))
    assert words == (
        f"compute.nodes: the operator cannot create Service `{SERVICE[2]}` in namespace `vision`, without which nodes "
        "cannot meet: exceeded quota: services; ask the administrator to allow it."
    )
    assert asyncio.run(made.keep(JOB)) == ""
    assert cluster.writes == [SERVICE, SERVICE, SECRET]


def test_without_the_secret_no_job_is_made() -> None:
    _, made = a_keeper(ClusterError(403, "Forbidden", "secrets is forbidden"))
    with pytest.raises(NodeObjectRefusedError, match="Secret `fruit"):
        asyncio.run(made.create_secret(OWNER, UID))


def test_in_a_namespace_that_goes_nothing_is_said() -> None:
    _, made = a_keeper(ClusterError(403, "Forbidden", "unable to create: because it is being terminated"))
    with pytest.raises(NamespaceGoneError):
        asyncio.run(made.keep(JOB))


def test_an_api_server_that_is_away_is_told_as_such() -> None:
    _, made = a_keeper(ClusterError(0, "ClientConnectorError", "away"))
    with pytest.raises(ClusterError, match="away"):
        asyncio.run(made.keep(JOB))

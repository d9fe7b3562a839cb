"""A Model on several nodes on an API server in memory: what is made, in which order, and what is made again."""

from typing import Any, Final

import pytest

from darkroom_api import names
from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import MODELS
from darkroom_operator.writing import node_objects
from tests.builders import a_model_spec, stamp
from tests.unit.operator.workbench import Workbench

JOB: Final = names.child_name("fruit", "uid-fruit", 1)
SECRET: Final = names.nodes_secret("fruit", "uid-fruit")
SERVICE: Final = names.nodes_service("uid-fruit", 1)
MADE: Final = [("create", "secrets", SECRET), ("create", "jobs", JOB), ("create", "services", SERVICE)]


@pytest.fixture
def spread(bench: Workbench) -> Workbench:
    """Return the workbench, whose Model asks for three nodes of a class that allows them."""
    spec = a_model_spec(compute={"nodes": 3}).to_json()
    bench.cluster.add(MODELS, {"metadata": {"name": "fruit", "creationTimestamp": stamp(0)}, "spec": spec})
    bench.configure(computeClasses={"gpu": {"maxNodes": 4}, "cpu": {}})
    return bench


def test_the_secret_comes_first_then_the_job_then_its_service(spread: Workbench) -> None:
    spread.reconcile()
    kept = [("create", "secrets", SECRET)]
    assert spread.cluster.writes == [*MADE, *kept, ("patch", "models/status", "fruit")]
    assert spread.status()["attempts"][0]["nodes"] == 3
    service: Any = spread.cluster.objects["services", "vision", SERVICE]
    assert service["metadata"]["ownerReferences"][0]["uid"] == f"uid-{JOB}"


def test_nothing_more_is_made_while_they_are_taken_for_granted(spread: Workbench) -> None:
    for _ in range(4):
        spread.reconcile()
    assert len(spread.counted("jobs", "services", "secrets")) == 4


@pytest.mark.parametrize("gone", ["services", "secrets"])
def test_what_somebody_deleted_is_there_again(spread: Workbench, gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spread.reconcile()
    monkeypatch.setattr(node_objects, "CHECK_SECONDS", 0.0)
    before = {key for key in spread.cluster.objects if key[0] == gone}
    spread.cluster.objects = {key: item for key, item in spread.cluster.objects.items() if key[0] != gone}
    spread.reconcile()
    assert {key for key in spread.cluster.objects if key[0] == gone} == before


def test_an_operator_that_died_between_job_and_service_makes_the_service(spread: Workbench) -> None:
    original = spread.cluster.create

    async def crash(resource: Any, namespace: str, manifest: Any) -> Any:
        if resource.plural == "services":
            raise KeyboardInterrupt
        return await original(resource, namespace, manifest)

    spread.cluster.create = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        spread.reconcile()
    spread.cluster.create = original  # type: ignore[method-assign]
    spread.start()
    for _ in range(2):
        spread.reconcile()
    assert ("services", "vision", SERVICE) in spread.cluster.objects
    assert [write for write in spread.counted("jobs") if write[0] == "create"] == [("create", "jobs", JOB)]


def test_no_job_is_made_without_the_secret(spread: Workbench) -> None:
    spread.cluster.failures = [ClusterError(403, "Forbidden", "secrets is forbidden")]
    assert spread.reconcile() == 30
    assert (spread.status()["reason"], spread.status().get("attempts")) == ("InvalidConfiguration", [])
    assert f"compute.nodes: the operator cannot create Secret `{SECRET}`" in spread.status()["message"]
    assert spread.counted("jobs") == []
    spread.reconcile()
    assert spread.status()["reason"] == "Scheduling"


def test_a_model_on_one_node_needs_neither(bench: Workbench) -> None:
    bench.reconcile()
    assert bench.counted("services", "secrets") == []

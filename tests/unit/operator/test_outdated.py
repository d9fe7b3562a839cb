"""Which waiting Job is replaced because another one would be built now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from darkroom_operator import kinds, outdated
from darkroom_operator.api.resources import DATASETS, JOBS
from darkroom_operator.facts.reading import ANNOTATION_POD_DIGEST
from darkroom_operator.observing.observe import Polled
from tests.builders import a_config, at, stamp
from tests.unit.operator.desk import JOB_NAME, add_event, add_pod
from tests.unit.operator.workbench import MODEL, Workbench

ANOTHER_IMAGE = {"trainer": {"image": "example.org/trainer:2"}}
NO_NODE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
STUCK: Any = {"conditions": [NO_NODE]}
RUNNING: Any = {"containerStatuses": [{"name": "trainer", "state": {"running": {"startedAt": stamp(30)}}}]}


def find(bench: Workbench, config: dict[str, Any]) -> list[str]:
    """Return the names of the outdated Jobs of the Model, as it is decided with this configuration."""
    bench.hear()
    owner = bench.store.owner(MODEL)
    assert owner is not None
    case = kinds.look(bench.store, owner, Polled(at(60)), a_config(**config))
    return [job.name for job in outdated.find_outdated(case)]


POD_STATES = {
    "a stuck Job that would be the same": (STUCK, {}, []),
    "a stuck Job that would have another image": (STUCK, ANOTHER_IMAGE, [JOB_NAME]),
    "a stuck Job that would be called otherwise only": (STUCK, {"progressIntervalSeconds": 20}, []),
    "a pod that is being started": ({}, ANOTHER_IMAGE, []),
    "a pod that works": (RUNNING, ANOTHER_IMAGE, []),
}


@pytest.mark.parametrize(("status", "config", "found"), POD_STATES.values(), ids=POD_STATES)
def test_only_a_stuck_job_is_compared(status: Any, config: Any, found: list[str], bench: Workbench) -> None:
    bench.reconcile()
    add_pod(bench.cluster, **status)
    assert find(bench, config) == found


def lose_digest(bench: Workbench) -> None:
    del change_job(bench)["annotations"][ANNOTATION_POD_DIGEST]


def delete_job(bench: Workbench) -> None:
    change_job(bench)["deletionTimestamp"] = stamp(50)


def change_job(bench: Workbench) -> Any:
    """Return the metadata of the Job, to be changed, in a new version."""
    metadata = bench.cluster.objects[JOBS.plural, "vision", JOB_NAME]["metadata"]
    metadata["resourceVersion"] = "900"
    return metadata


def lose_dataset(bench: Workbench) -> None:
    del bench.cluster.objects[DATASETS.plural, "vision", "fruit"]


@pytest.mark.parametrize(
    "change", [lose_digest, delete_job, lose_dataset], ids=["it says not what it was", "it goes", "no Job is possible"]
)
def test_a_stuck_job_stays_where(change: Any, bench: Workbench) -> None:
    bench.reconcile()
    add_pod(bench.cluster, **STUCK)
    change(bench)
    assert find(bench, ANOTHER_IMAGE) == []


def test_a_stuck_job_is_replaced_when_the_spec_asks_for_something_else(bench: Workbench) -> None:
    bench.configure(limits=[{"namespaces": ["*"], "allowedPriorityClasses": ["*"]}])
    stored = bench.cluster.objects["models", "vision", "fruit"]
    stored["spec"]["priorityClassName"] = "missing"
    bench.reconcile()
    add_event(bench.cluster, f"uid-{JOB_NAME}", 'pods "f" is forbidden: no PriorityClass with name missing was found')
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    bench.cluster.objects["jobs", "vision", JOB_NAME]["metadata"]["creationTimestamp"] = a_minute_ago.isoformat()
    bench.start()
    bench.reconcile()
    assert bench.status()["message"].startswith("priorityClassName: PriorityClass `missing` does not exist")
    assert bench.counted("jobs") == [("create", "jobs", JOB_NAME)]
    stored["spec"]["priorityClassName"] = "there"
    stored["metadata"] |= {"resourceVersion": "900", "generation": 2}
    bench.reconcile()
    assert bench.counted("jobs") == [("create", "jobs", JOB_NAME), ("delete", "jobs", JOB_NAME)]

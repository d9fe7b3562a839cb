"""Runs that name a queue: with Kueue and without, and what Kueue says of them. Kueue is played by hand."""

import asyncio
from typing import Any, Final

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Key, Resource
from darkroom_operator.facts.findings import NOTHING_FOUND
from tests.builders import at
from tests.unit.operator.desk import JOB_NAME, Desk
from tests.unit.operator.fake_cluster import Json
from tests.unit.operator.workbench import MODEL, Workbench

LOCAL_QUEUES: Final = Resource("kueue.x-k8s.io", "v1beta2", "localqueues", "LocalQueue")
PENDING: Final = Resource(
    "visibility.kueue.x-k8s.io", "v1beta2", "localqueues/pendingworkloads", "PendingWorkloadsSummary"
)
WORKLOADS: Final = Resource("kueue.x-k8s.io", "v1beta2", "workloads", "Workload")


def queue_model(bench: Workbench, **spec: Any) -> None:
    """Let the Model name a queue."""
    bench.cluster.objects["models", "vision", "fruit"]["spec"] |= {"queue": "team", **spec}


def condition(bench: Workbench) -> tuple[str, str, str] | None:
    """Return what the status says of the queue."""
    told = [c for c in bench.status()["conditions"] if c["type"] == "QueueAvailable"]
    return (told[0]["status"], told[0]["reason"], told[0]["message"]) if told else None


def install_kueue(bench: Workbench, **status: Any) -> None:
    """Let Kueue be there, with the queue."""
    bench.cluster.groups["kueue.x-k8s.io"] = "v1beta2"
    bench.cluster.add(LOCAL_QUEUES, {"metadata": {"name": "team"}, "status": status})


def suspend_job(bench: Workbench, *conditions: Json) -> None:
    """Let Kueue's webhook suspend the Job, and its controller say something of it."""
    job = bench.cluster.objects["jobs", "vision", JOB_NAME]
    job["spec"]["suspend"] = True
    job["metadata"]["resourceVersion"] = "900"
    labels = {"kueue.x-k8s.io/job-uid": job["metadata"]["uid"]}
    bench.cluster.add(WORKLOADS, {"metadata": {"name": "w", "labels": labels}, "status": {"conditions": conditions}})


def test_the_queue_of_the_installation_is_that_of_runs_that_name_none(bench: Workbench) -> None:
    bench.configure(defaultQueue="team")
    install_kueue(bench)
    bench.reconcile()
    assert (
        bench.cluster.objects["jobs", "vision", JOB_NAME]["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team"
    )
    assert (condition(bench) or ("",))[0] == "True"


def test_a_job_that_is_held_though_it_names_no_queue_says_where_to_name_one(bench: Workbench) -> None:
    install_kueue(bench)
    bench.reconcile()
    suspend_job(bench)
    bench.reconcile()
    assert bench.status()["reason"] == "InvalidConfiguration"
    assert "names no LocalQueue; a Kueue that manages Jobs without one holds it for ever" in bench.status()["message"]
    assert {plural for plural, _ in bench.cluster.reads} == {"apis"}


def test_the_queue_that_kueue_gave_a_job_without_one_is_asked_for(bench: Workbench) -> None:
    install_kueue(bench)
    bench.reconcile()
    suspend_job(bench, {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": "no quota"})
    bench.cluster.objects["jobs", "vision", JOB_NAME]["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "team"
    bench.reconcile()
    assert bench.status()["message"] == "queue: LocalQueue `team` has not admitted the run yet: Pending: no quota"


def test_a_run_is_told_its_position_where_kueue_tells_it(bench: Workbench) -> None:
    install_kueue(bench)
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench, {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": "no quota"})
    bench.cluster.groups["visibility.kueue.x-k8s.io"] = "v1beta2"
    job = bench.cluster.objects["jobs", "vision", JOB_NAME]["metadata"]["uid"]
    waiting = {"metadata": {"ownerReferences": [{"uid": job}]}, "positionInLocalQueue": 1, "positionInClusterQueue": 6}
    bench.cluster.add(PENDING, {"metadata": {"name": "team"}, "items": [waiting]})
    bench.reconcile()
    assert bench.status()["message"].endswith("no quota (position 2 in the LocalQueue, 7 in its ClusterQueue).")


def test_without_a_queue_nothing_is_asked_of_kueue(bench: Workbench) -> None:
    install_kueue(bench)
    bench.reconcile()
    bench.reconcile()
    assert bench.cluster.reads == []
    assert condition(bench) is None


def test_a_queue_without_kueue_is_a_condition_and_the_run_is_placed_all_the_same(bench: Workbench) -> None:
    queue_model(bench)
    bench.reconcile()
    told = condition(bench)
    assert told is not None
    assert told[:2] == ("False", "QueueUnavailable")
    assert told[2].startswith("queue: Kueue is not installed")
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "Scheduling")
    assert len(bench.cluster.writes) == 2


def test_a_queue_that_does_not_exist_is_named(bench: Workbench) -> None:
    bench.cluster.groups["kueue.x-k8s.io"] = "v1beta2"
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench)
    bench.reconcile()
    message = "queue: LocalQueue `team` does not exist in namespace `vision`"
    assert bench.status()["reason"] == "InvalidConfiguration"
    assert bench.status()["message"].startswith(message)
    told = condition(bench)
    assert told is not None
    assert told[:2] == ("False", "QueueUnavailable")
    assert told[2].startswith(message)


def test_a_queue_that_admits_nothing_is_quoted(bench: Workbench) -> None:
    inactive = {"type": "Active", "status": "False", "reason": "ClusterQueueIsInactive", "message": "no flavor"}
    install_kueue(bench, conditions=[inactive])
    queue_model(bench)
    bench.reconcile()
    told = condition(bench)
    assert told is not None
    assert told[:2] == ("False", "QueueUnavailable")
    assert "ClusterQueueIsInactive: no flavor; it goes on when an administrator" in told[2]


def test_a_run_that_waits_in_a_queue_says_so_in_kueues_words(bench: Workbench) -> None:
    install_kueue(bench)
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench, {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": "no quota"})
    bench.reconcile()
    assert (bench.status()["phase"], bench.status()["reason"]) == ("Queued", "WaitingForQuota")
    assert "Pending: no quota" in bench.status()["message"]
    assert (condition(bench) or ("",))[0] == "True"


def test_kueue_that_is_installed_later_is_found(desk: Desk) -> None:
    queue_model(desk.bench)
    desk.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    found, _ = desk.find()
    assert found.queue is not None
    assert not found.queue.installed
    install_kueue(desk.bench)
    desk.seconds = 31
    found, _ = desk.find()
    assert found.queue is not None
    assert found.queue.installed


def test_what_kueue_says_is_asked_for_now_and_then(desk: Desk) -> None:
    install_kueue(desk.bench)
    queue_model(desk.bench)
    desk.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    suspend_job(desk.bench)
    for _ in range(600):
        desk.find()
        desk.seconds += 1
    asked = [name for plural, name in desk.cluster.reads if plural == "apis"]
    assert asked.count("kueue.x-k8s.io") == 20
    assert asked.count("visibility.kueue.x-k8s.io") <= 5
    assert desk.asked("workloads") <= 15


def test_all_runs_of_a_queue_that_ask_at_once_are_one_question(desk: Desk) -> None:
    install_kueue(desk.bench)
    queue_model(desk.bench)
    desk.cluster.objects["models", "vision", "fruit"]["metadata"]["resourceVersion"] = "900"
    desk.bench.hear()
    owner = desk.bench.store.owner(MODEL)
    assert owner is not None
    get, asked = desk.cluster.get, []

    async def get_slowly(resource: Resource, namespace: str, name: str, subresource: str | None = None) -> Json:
        asked.append(name)
        await asyncio.sleep(0.01)
        return await get(resource, namespace, name, subresource)

    desk.cluster.get = get_slowly  # type: ignore[method-assign]

    async def ask() -> None:
        await asyncio.gather(*(desk.inquirer.find(owner, at(0)) for _ in range(20)))

    asyncio.run(ask())
    assert asked == ["team"]


DATASET: Final = Key("Dataset", "vision", "fruit")


def test_once_a_dataset_is_inspected_nothing_is_asked_of_kueue_for_it(desk: Desk) -> None:
    install_kueue(desk.bench)
    stored = desk.cluster.objects["datasets", "vision", "fruit"]
    stored["spec"]["queue"] = "team"
    asked = {}
    for version, phase in enumerate(("Ready", "Invalid", "Pending"), 900):
        stored["status"] = {"phase": phase, "observedGeneration": stored["metadata"]["generation"]}
        stored["metadata"]["resourceVersion"] = str(version)
        asked[phase] = desk.find(DATASET)
    assert asked["Ready"] == asked["Invalid"] == (NOTHING_FOUND, None)
    assert asked["Pending"][0].queue is not None


def test_a_queue_that_is_taken_out_of_the_spec_leaves_no_condition(bench: Workbench) -> None:
    queue_model(bench)
    bench.reconcile()
    stored = bench.cluster.objects["models", "vision", "fruit"]
    del stored["spec"]["queue"]
    stored["metadata"] |= {"resourceVersion": "900", "generation": 2}
    bench.reconcile()
    assert condition(bench) is None


def test_a_job_that_admission_changed_is_no_other_job(bench: Workbench) -> None:
    install_kueue(bench)
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench)
    job = bench.cluster.objects["jobs", "vision", JOB_NAME]
    job["spec"]["template"]["spec"]["nodeSelector"] = {"flavor": "spot"}
    bench.reconcile()
    assert bench.status()["reason"] == "WaitingForQuota"
    assert len(bench.counted("jobs")) == 1


def test_a_job_in_another_queue_is_replaced(bench: Workbench) -> None:
    install_kueue(bench)
    queue_model(bench)
    bench.reconcile()
    suspend_job(bench)
    stored = bench.cluster.objects["models", "vision", "fruit"]
    stored["spec"]["queue"] = "other"
    stored["metadata"] |= {"resourceVersion": "901", "generation": 2}
    bench.reconcile()
    assert bench.counted("jobs")[-1] == ("delete", "jobs", JOB_NAME)


def test_a_kueue_that_does_not_answer_stops_no_run(bench: Workbench) -> None:
    queue_model(bench)
    bench.cluster.failures = [ClusterError(503, "ServiceUnavailable", "later")]
    bench.reconcile()
    assert (bench.status()["reason"], condition(bench)) == ("Scheduling", None)

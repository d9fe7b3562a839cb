"""How many runs of a namespace have a Job, and who is woken when one of them has none any more."""

import asyncio
from typing import Any

from darkroom_api import names
from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import DATASETS, EVALUATIONS, JOBS, MODELS, PREDICTIONS, Json, Key, Resource
from darkroom_operator.observing.store import Store
from tests.builders import a_model_spec, stamp
from tests.unit.operator.objects import a_child, an_object
from tests.unit.operator.workbench import Workbench

KEYS = {uid: Key("Model", "vision", uid) for uid in ("a", "b", "c")}
DONE: Any = {"status": {"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": stamp(9)}]}}


def a_run(version: int, uid: str, created: float = 0, reason: str | None = None) -> dict[str, Any]:
    """Return a Model named as its uid."""
    run = an_object(version, uid, status={"reason": reason} if reason else {})
    run["metadata"] |= {"name": uid, "creationTimestamp": stamp(created)}
    return run


def a_job_of(owner: str, version: int, kind: str = "Model", **fields: Any) -> dict[str, Any]:
    """Return the Job of a run."""
    job = a_child(version, f"job-{owner}", owner, **fields)
    metadata = job["metadata"]
    metadata["labels"] |= {"darkroom.dev/uid": owner}
    metadata["name"] = names.child_name(owner, owner, 1)
    metadata["ownerReferences"][0] |= {"kind": kind, "name": owner}
    return job


def a_store(*holding: str, waiting: dict[str, float] | None = None) -> Store:
    """Return a store with Models that have a Job, and others that wait since their creation."""
    store = Store()
    for uid in holding:
        store.put(MODELS, a_run(1, uid))
        store.put(JOBS, a_job_of(uid, 2))
    for uid, created in (waiting or {}).items():
        store.put(MODELS, a_run(1, uid, created, "WaitingForQuota"))
    return store


def test_the_others_are_counted_and_neither_the_run_itself_nor_another_namespace() -> None:
    store = a_store("a", "b")
    assert store.count_other_runs(KEYS["a"]) == 1
    assert store.count_other_runs(KEYS["c"]) == 2
    assert store.count_other_runs(Key("Evaluation", "elsewhere", "c")) == 0


def test_evaluations_and_predictions_count_and_inspections_do_not() -> None:
    store = Store()
    for resource, uid in ((EVALUATIONS, "e"), (PREDICTIONS, "p"), (DATASETS, "d")):
        store.put(resource, a_run(1, uid))
        store.put(JOBS, a_job_of(uid, 2, resource.kind))
    assert store.count_other_runs(KEYS["a"]) == 2


def test_a_job_counts_until_it_has_ended_or_is_gone() -> None:
    store = a_store("a", "b")
    store.put(JOBS, a_job_of("a", 3, **DONE))
    assert store.count_other_runs(KEYS["c"]) == 1
    store.remove(JOBS, a_job_of("b", 3))
    assert store.count_other_runs(KEYS["c"]) == 0


def test_a_job_that_was_stored_before_its_owner_counts() -> None:
    store = Store()
    store.put(JOBS, a_job_of("a", 2))
    store.put(MODELS, a_run(1, "a"))
    assert store.count_other_runs(KEYS["c"]) == 1


def test_the_one_that_waits_longest_is_woken_when_a_job_ends_or_goes() -> None:
    assert a_store("a", waiting={"b": 20, "c": 10}).put(JOBS, a_job_of("a", 3, **DONE)) == {KEYS["a"], KEYS["c"]}
    assert a_store("a", waiting={"b": 20, "c": 10}).remove(JOBS, a_job_of("a", 3)) == {KEYS["a"], KEYS["c"]}
    assert a_store("a", waiting={"b": 20, "c": 10}).remove(MODELS, a_run(3, "a")) == {KEYS["c"]}


def test_who_waits_no_more_is_not_woken() -> None:
    store = a_store("a", waiting={"b": 20, "c": 10})
    store.put(MODELS, a_run(3, "c", 10, "Scheduling"))
    assert store.put(JOBS, a_job_of("a", 4, **DONE)) == {KEYS["a"], KEYS["b"]}
    store.remove(MODELS, a_run(5, "b"))
    store.put(JOBS, a_job_of("b", 6))
    assert store.count_other_runs(KEYS["c"]) == 0


def a_crowded_bench(bench: Workbench, models: int) -> list[Key]:
    """Let a namespace have two runs at once, and so many Models of which none has a Job yet."""
    bench.configure(limits=[{"namespaces": ["*"], "maxRunningRuns": 2}])
    keys = [Key("Model", "vision", f"m{number}") for number in range(models)]
    for key in keys:
        bench.cluster.add(MODELS, {"metadata": {"name": key.name}, "spec": a_model_spec().to_json()})
    bench.hear()
    return keys


def test_no_more_than_may_are_started_however_many_are_decided_at_the_same_time(bench: Workbench) -> None:
    keys = a_crowded_bench(bench, 6)
    create = bench.cluster.create

    async def create_slowly(resource: Resource, namespace: str, manifest: Json) -> Json:
        await asyncio.sleep(0.01)
        return await create(resource, namespace, manifest)

    bench.cluster.create = create_slowly  # type: ignore[method-assign]

    async def reconcile_all() -> None:
        await asyncio.gather(*(bench.reconciler.reconcile(key) for key in keys))

    asyncio.run(reconcile_all())
    assert len(bench.counted("jobs")) == 2
    assert [bench.status(key)["reason"] for key in keys].count("WaitingForQuota") == 4


def test_a_run_whose_job_was_refused_takes_no_room(bench: Workbench) -> None:
    first, second, third = a_crowded_bench(bench, 3)
    bench.cluster.failures = [ClusterError(403, "Forbidden", "denied by policy")]
    for key in (first, second, third):
        bench.reconcile(key)
    assert bench.status(first)["reason"] == "InvalidConfiguration"
    assert (bench.status(second)["reason"], bench.status(third)["reason"]) == ("Scheduling", "Scheduling")


def test_a_job_that_a_stranger_made_takes_no_room() -> None:
    store = a_store()
    store.put(MODELS, a_run(1, "a"))
    store.put(JOBS, {**a_job_of("a", 2), "metadata": {**a_job_of("a", 2)["metadata"], "name": "another"}})
    assert store.count_other_runs(KEYS["c"]) == 0

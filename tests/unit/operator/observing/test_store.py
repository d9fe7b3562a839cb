"""What the store answers, and that old news never undo new ones."""

from typing import Any

import pytest

from darkroom_operator.api.resources import DATASETS, EVALUATIONS, JOBS, MODELS, PODS, PREDICTIONS, Key
from darkroom_operator.observing import store as store_module
from darkroom_operator.observing.store import Store
from tests.builders import stamp
from tests.unit.operator.objects import a_child, an_object

MODEL, DATASET, EVALUATION, PREDICTION = (
    Key(kind, "vision", "fruit") for kind in ("Model", "Dataset", "Evaluation", "Prediction")
)


def jobs(store: Store) -> Any:
    """Return the Jobs of the Model."""
    owner = store.owner(MODEL)
    return store.jobs(owner) if owner is not None else ()


def pods(store: Store) -> Any:
    """Return the pods of the Model."""
    owner = store.owner(MODEL)
    return store.pods(owner) if owner is not None else ()


ENDED: Any = {"status": {"containerStatuses": [{"name": "trainer", "state": {"terminated": {"exitCode": 0}}}]}}


def test_a_new_version_wakes_its_object_and_an_old_one_does_not() -> None:
    store = Store()
    assert store.put(MODELS, an_object(5)) == {MODEL}
    assert store.put(MODELS, an_object(5)) == set()
    assert store.put(MODELS, an_object(4, status={"phase": "Queued"})) == set()
    assert store.put(MODELS, an_object(6)) == {MODEL}


@pytest.mark.parametrize(("resource", "make"), [(JOBS, a_child), (PODS, a_child)], ids=["a Job", "a pod"])
def test_a_child_wakes_its_owner(resource: Any, make: Any) -> None:
    store = Store()
    store.put(MODELS, an_object(5))
    assert store.put(resource, make(6)) == {MODEL}
    assert store.put(resource, make(6)) == set()


def test_a_child_that_comes_before_its_owner_is_kept() -> None:
    store = Store()
    assert store.put(JOBS, a_child(5)) == set()
    store.put(MODELS, an_object(4))
    assert len(jobs(store)) == 1


def test_a_dataset_wakes_what_names_it_and_a_model_what_uses_it() -> None:
    store = Store()
    store.put(MODELS, an_object(1, "m", spec={"dataset": "other", "evaluationDataset": "fruit"}))
    store.put(EVALUATIONS, an_object(2, "e", spec={"model": "fruit", "dataset": "x"}))
    store.put(PREDICTIONS, an_object(2, "p", spec={"model": "fruit", "images": {"uri": "s3://vision/new"}}))
    assert store.put(DATASETS, an_object(3, "d")) == {DATASET, MODEL}
    assert store.put(MODELS, an_object(4, "m", spec={"dataset": "other"})) == {MODEL, EVALUATION, PREDICTION}
    assert store.remove(DATASETS, an_object(5, "d")) == {MODEL}


def test_a_namesake_in_another_namespace_wakes_nothing() -> None:
    store = Store()
    store.put(MODELS, an_object(1, "m", spec={"dataset": "fruit"}))
    other = an_object(2, "d")
    other["metadata"]["namespace"] = "elsewhere"
    assert store.put(DATASETS, other) == {Key("Dataset", "elsewhere", "fruit")}


def test_an_object_that_was_created_anew_starts_without_the_old_ones_children() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(JOBS, a_child(2))
    store.put(MODELS, an_object(3, "u2"))
    assert jobs(store) == ()
    assert store.remove(MODELS, an_object(4)) == set()
    assert store.owner(MODEL) is not None


@pytest.mark.parametrize(
    ("resource", "make"), [(MODELS, an_object), (JOBS, a_child), (PODS, a_child)], ids=["a Model", "a Job", "a pod"]
)
def test_an_answer_that_comes_after_the_deletion_brings_nothing_back(resource: Any, make: Any) -> None:
    store = Store()
    store.put(resource, make(5))
    store.remove(resource, make(8))
    assert store.put(resource, make(7)) == set()
    assert store.identities(resource) == {}


def test_a_job_that_left_the_watch_with_its_labels_can_be_taken_in_again() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(JOBS, a_child(5))
    store.remove(JOBS, a_child(6))
    assert store.put(JOBS, a_child(6)) == {MODEL}


def test_only_the_last_deletions_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST_GONE", 2)
    store = Store()
    for uid in ("a", "b", "c"):
        store.remove(MODELS, an_object(9, uid))
    assert [bool(store.put(MODELS, an_object(8, uid))) for uid in ("c", "b", "a")] == [False, False, True]


def test_a_gone_pod_is_kept_with_its_end_until_it_is_forgotten() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(PODS, a_child(2, controller="j", **ENDED))
    assert store.remove(PODS, a_child(3, controller="j")) == {MODEL}
    (pod,) = pods(store)
    assert (pod.gone, pod.exit_code) == (True, 0)
    store.forget_pods("u1", {"j"})
    assert pods(store)
    store.forget_pods("u1", {"another"})
    assert pods(store) == ()


@pytest.mark.parametrize("namespace", ["vision", "elsewhere"])
def test_a_gone_pod_of_nobody_is_not_kept(namespace: str) -> None:
    store = Store()
    if namespace == "elsewhere":
        store.put(MODELS, an_object(1))
    for version, change in ((2, store.put), (3, store.remove)):
        pod = a_child(version, controller="j")
        pod["metadata"]["namespace"] = namespace
        change(PODS, pod)
    kept: Any = vars(store)
    assert not any(kept["_pods"].values())


@pytest.mark.parametrize(
    "foreign",
    [{"namespace": "elsewhere"}, {"name": "fruit-12345678-1"}, {"ownerReferences": []}],
    ids=["in another namespace", "under another name", "that nobody controls"],
)
def test_a_job_is_nobodys(foreign: dict[str, Any]) -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    job = a_child(2)
    job["metadata"] |= foreign
    assert store.put(JOBS, job) == set()
    assert jobs(store) == ()
    assert store.identities(JOBS).keys() == {"c1"}, "an audit would list it again and again"


def test_a_job_whose_owner_was_taken_away_is_its_own_no_more() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(JOBS, a_child(2))
    orphan = a_child(3)
    orphan["metadata"]["ownerReferences"] = []
    assert store.put(JOBS, orphan) == {MODEL}
    assert jobs(store) == ()


def test_children_outlive_their_owner_until_they_go_themselves() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(PODS, a_child(2))
    store.remove(MODELS, an_object(3))
    assert store.identities(PODS).keys() == {"c1"}


UNREADABLE: Any = {
    "a uid that is no text": {"metadata": {"uid": 7}},
    "labels that are a list": {"metadata": {"labels": [1]}},
    "a time that is none": {"metadata": {"creationTimestamp": "yesterday"}},
    "a status that is text": {"status": "fine"},
    "a version that int() refuses": {"metadata": {"resourceVersion": "\u00b2"}},
}


@pytest.mark.parametrize("resource", [MODELS, JOBS, PODS], ids=["a Model", "a Job", "a pod"])
@pytest.mark.parametrize("broken", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_passed_over_logged_and_counted(
    resource: Any, broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    make = an_object if resource is MODELS else a_child
    store.put(resource, make(2, "c1" if resource is not MODELS else "u1"))
    raw = make(5, "c1" if resource is not MODELS else "u1")
    raw = {**raw, **broken, "metadata": {**raw["metadata"], **broken.get("metadata", {})}}
    assert store.put(resource, raw) == set()
    assert store.unreadables.counts[resource.kind] == 1
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"{resource.kind} vision/" in line
    assert store.put(resource, make(6, "c1" if resource is not MODELS else "u1")), "it is read once it is right again"


def test_an_object_that_cannot_be_read_is_told_once_and_is_no_news_again() -> None:
    store = Store()
    raw = a_child(5, spec="nonsense")
    for _ in range(3):
        store.put(JOBS, raw)
    assert store.unreadables.counts["Job"] == 1
    assert store.identities(JOBS)["c1"].resource_version == 5
    store.remove(JOBS, raw)
    assert store.identities(JOBS) == {}


def test_a_model_that_cannot_be_read_is_not_reconciled_in_its_old_version() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(MODELS, an_object(2, spec=["nonsense"]))
    assert store.owner(MODEL) is None
    assert store.put(MODELS, an_object(3)) == {MODEL}
    assert store.owner(MODEL) is not None


@pytest.mark.parametrize("resource", [MODELS, JOBS, PODS], ids=["a Model", "a Job", "a pod"])
def test_what_an_audit_gets_is_enough_to_remove_an_object(resource: Any) -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    if resource is not MODELS:
        store.put(resource, a_child(2))
    ((_, identity),) = store.identities(resource).items()
    store.drop(resource, identity)
    assert store.identities(resource) == {}


OVER: Any = {"spec": {"dataset": "fruit"}, "status": {"phase": "Succeeded", "completedAt": stamp(9)}}


def test_a_run_that_is_over_is_woken_by_nothing_that_it_names() -> None:
    store = Store()
    store.put(MODELS, an_object(1, "m", spec={"dataset": "fruit"}))
    store.put(MODELS, an_object(2, "m", **OVER))
    assert store.put(DATASETS, an_object(3, "d")) == {DATASET}


@pytest.mark.parametrize(
    ("fields", "children", "unsettled"),
    [({}, (), True), (OVER, (), False), (OVER, (JOBS,), True), (OVER, (PODS,), True)],
    ids=["works", "is over", "is over and has a Job", "is over and has a pod"],
)
def test_there_may_be_something_to_do_about_a_run_that(fields: Any, children: Any, unsettled: bool) -> None:
    store = Store()
    store.put(MODELS, an_object(1, **fields))
    for resource in children:
        store.put(resource, a_child(2))
    assert store.find_unsettled() == ([MODEL] if unsettled else [])


@pytest.mark.parametrize(
    ("resource", "make"), [(MODELS, an_object), (JOBS, a_child), (PODS, a_child)], ids=["a Model", "a Job", "a pod"]
)
def test_an_object_is_news_only_in_a_version_that_is_newer_than_the_stored_one(resource: Any, make: Any) -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(resource, make(5))
    assert [store.put(resource, make(version)) for version in (4, 5, 6)] == [set(), set(), {MODEL}]


def test_an_object_is_being_written_until_the_answer_is_stored() -> None:
    store = Store()
    with store.writing(MODEL):
        seen = [store.is_written(MODELS, an_object(1)), store.is_written(DATASETS, an_object(1))]
        assert not store.is_written(MODELS, {})
    assert [*seen, store.is_written(MODELS, an_object(1))] == [True, False, False]

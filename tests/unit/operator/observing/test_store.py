"""What the store answers, and that old news never undo new ones."""

from typing import Any

import pytest

from darkroom_operator.api.resources import DATASETS, EVALUATIONS, JOBS, MODELS, PODS, Key
from darkroom_operator.observing import store as store_module
from darkroom_operator.observing.store import Store
from tests.unit.operator.objects import a_child, an_object

MODEL, DATASET, EVALUATION = (Key(kind, "vision", "fruit") for kind in ("Model", "Dataset", "Evaluation"))


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
    assert len(store.jobs("u1")) == 1


def test_a_dataset_wakes_what_names_it_and_a_model_its_evaluations() -> None:
    store = Store()
    store.put(MODELS, an_object(1, "m", spec={"dataset": "other", "evaluationDataset": "fruit"}))
    store.put(EVALUATIONS, an_object(2, "e", spec={"model": "fruit", "dataset": "x"}))
    assert store.put(DATASETS, an_object(3, "d")) == {DATASET, MODEL}
    assert store.put(MODELS, an_object(4, "m", spec={"dataset": "other"})) == {MODEL, EVALUATION}
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
    assert store.jobs("u2") == ()
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
    assert store.versions(resource) == {}


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
    (pod,) = store.pods("u1")
    assert (pod.gone, pod.exit_code) == (True, 0)
    store.forget_pods("u1", {2})
    assert store.pods("u1")
    store.forget_pods("u1", {1})
    assert store.pods("u1") == ()


def test_a_gone_pod_of_nobody_is_not_kept() -> None:
    store = Store()
    store.put(PODS, a_child(2))
    store.remove(PODS, a_child(3))
    assert store.pods("u1") == ()


def test_running_pods_are_found_with_their_owner() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    state = {"running": {"startedAt": "2026-06-01T12:00:00Z"}}
    running: Any = {"status": {"phase": "Running", "containerStatuses": [{"name": "trainer", "state": state}]}}
    store.put(PODS, a_child(2, "c1", **running))
    store.put(PODS, a_child(3, "c2", **ENDED))
    assert [(key, pod.uid) for key, pod in store.running_pods()] == [(MODEL, "c1")]


@pytest.mark.parametrize("resource", [MODELS, JOBS, PODS], ids=["a Model", "a Job", "a pod"])
def test_what_an_audit_gets_is_enough_to_remove_an_object(resource: Any) -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    if resource is not MODELS:
        store.put(resource, a_child(2))
    ((_, (_, stub)),) = store.versions(resource).items()
    store.remove(resource, stub)
    assert store.versions(resource) == {}

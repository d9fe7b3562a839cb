"""From the store to what a decision sees, and what cannot be read of it."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, RunPhase
from darkroom_operator.api.resources import DATASETS, EVALUATIONS, JOBS, MODELS, PREDICTIONS, Key, Resource
from darkroom_operator.observing import observe
from darkroom_operator.observing.observe import InvalidSpecError, Polled
from darkroom_operator.observing.store import Store
from tests.builders import a_dataset_spec, a_model_spec, a_report, an_evaluation_spec, at, stamp
from tests.prediction_builders import a_prediction_spec
from tests.unit.operator.objects import a_child, an_object

FRUIT, PLUM = Key("Dataset", "vision", "fruit"), Key("Model", "vision", "plum")
REFUSED = InvalidSpecError(FRUIT, "annotationFiles", "must be a list")


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        (FRUIT, "annotationFiles: must be a list; this version of Darkroom cannot read the spec; fix it"),
        (PLUM, "dataset: Dataset `fruit` cannot be read: annotationFiles: must be a list"),
    ],
    ids=["at the object itself", "at one that names it"],
)
def test_a_spec_that_cannot_be_read_is_told(reader: Key, words: str) -> None:
    assert REFUSED.describe(reader).startswith(words)


def fill(store: Store, resource: Resource, spec: Any, uid: str, **fields: Any) -> Any:
    """Put an object named `fruit` into the store and return it as it is kept."""
    store.put(resource, an_object(len(uid), uid, spec=spec, **fields))
    owner = store.owner(Key(resource.kind, "vision", "fruit"))
    assert owner is not None
    return owner


READY = {"observedGeneration": 1, "phase": "Ready", "reason": "Ready"}


def test_a_model_is_seen_with_its_datasets_and_the_answer_of_its_trainer() -> None:
    store, report = Store(), a_report()
    fill(store, DATASETS, a_dataset_spec().to_json(), "d", status=READY)
    model = fill(store, MODELS, a_model_spec(evaluationDataset="june").to_json(), "m")
    view = observe.observe_model(store, model, Polled(at(60), report))
    assert view.dataset is not None
    assert (view.dataset.name, view.dataset.ready, view.evaluation_dataset) == ("fruit", True, None)
    assert (view.self_.report, view.self_.now) == (report, at(60))


def test_an_evaluation_is_seen_with_its_model_and_the_datasets_of_both() -> None:
    store = Store()
    fill(store, DATASETS, a_dataset_spec().to_json(), "d", status=READY)
    fill(store, MODELS, a_model_spec().to_json(), "m", status={"phase": "Training"})
    evaluation = fill(store, EVALUATIONS, an_evaluation_spec().to_json(), "e")
    view = observe.observe_evaluation(store, evaluation, Polled(at(60)))
    assert view.model is not None
    assert view.model.phase is RunPhase.TRAINING
    assert (view.model_dataset is not None, view.dataset) == (True, None), "fruit-june is not there"


def test_a_prediction_over_a_folder_is_seen_with_what_its_model_learned_from() -> None:
    store = Store()
    fill(store, DATASETS, a_dataset_spec().to_json(), "d", status=READY)
    fill(store, MODELS, a_model_spec().to_json(), "m", status={"phase": "Succeeded"})
    spec = a_prediction_spec(dataset=None, images={"uri": "s3://vision/new"})
    view = observe.observe_prediction(store, fill(store, PREDICTIONS, spec.to_json(), "p"), Polled(at(60)))
    assert view.model is not None
    assert (view.model.phase, view.model_dataset is not None, view.dataset) == (RunPhase.SUCCEEDED, True, None)


def test_of_a_dataset_no_answer_of_a_trainer_is_seen() -> None:
    store = Store()
    dataset = fill(store, DATASETS, a_dataset_spec().to_json(), "d")
    assert observe.observe_dataset(store, dataset, Polled(at(60), a_report())).report is None


@pytest.mark.parametrize("resource", [DATASETS, MODELS], ids=["a Dataset", "a Model"])
def test_what_is_being_deleted_is_not_there_for_others(resource: Resource) -> None:
    store = Store()
    spec = a_dataset_spec() if resource is DATASETS else a_model_spec()
    raw = an_object(1, spec=spec.to_json())
    find: Any = observe.find_dataset if resource is DATASETS else observe.find_model
    store.put(resource, raw)
    assert find(store, "vision", "fruit").name == "fruit"
    assert find(store, "elsewhere", "fruit") is None
    raw["metadata"] |= {"deletionTimestamp": stamp(5), "resourceVersion": "2"}
    store.put(resource, raw)
    assert find(store, "vision", "fruit") is None


def test_the_spec_that_is_refused_is_named_with_its_field() -> None:
    store = Store()
    fill(store, DATASETS, {**a_dataset_spec().to_json(), "annotationKind": "painting"}, "d")
    model = fill(store, MODELS, a_model_spec().to_json(), "m")
    with pytest.raises(InvalidSpecError) as refused:
        observe.observe_model(store, model, Polled(at(60)))
    assert (refused.value.key, refused.value.field) == (FRUIT, "annotationKind")


def test_what_cannot_be_read_of_a_status_is_left_out() -> None:
    owner = fill(Store(), DATASETS, {}, "d", status={"phase": "Ready", "attempts": 7, "shelf": "left"})
    status = observe.observe_status(owner)
    assert (status.phase, status.attempts) == (DatasetPhase.READY, ())


OPEN: Any = {"number": 1, "job": "j", "jobUid": "c1"}
CHILDREN = {
    "the Job of the open attempt": ([OPEN], None, "c1"),
    "no Job of an attempt that ended": ([{**OPEN, "outcome": "Unknown"}], None, None),
    "no other Job": ([{**OPEN, "jobUid": "c2"}], None, None),
    "nothing without an attempt": ([], None, None),
    "nothing of an object that is being deleted": ([OPEN], stamp(5), None),
}


@pytest.mark.parametrize(("attempts", "deleted_at", "uid"), CHILDREN.values(), ids=CHILDREN)
def test_an_object_is_found_with(attempts: list[Any], deleted_at: str | None, uid: str | None) -> None:
    store = Store()
    raw = an_object(1, spec=a_model_spec().to_json(), status={"attempts": attempts})
    raw["metadata"] |= {"deletionTimestamp": deleted_at} if deleted_at else {}
    store.put(MODELS, raw)
    store.put(JOBS, a_child(2))
    owner = store.owner(Key("Model", "vision", "fruit"))
    assert owner is not None
    job = observe.find_open_children(store, owner).job
    assert (job.uid if job else None) == uid

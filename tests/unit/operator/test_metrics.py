"""Metrics: what is counted of the statuses that they are given."""

import pytest

from darkroom_operator import metrics as metrics_module
from darkroom_operator.api.resources import MODELS, PREDICTIONS, Key
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.store import Store
from tests.builders import stamp

MODEL = Key("Model", "vision", "fruit")
COUNTED = {"n0": 1, "n1": 1, "_other": 2}


def scrape(metrics: Metrics) -> dict[str, float]:
    """Return the samples by name and labels."""
    lines = [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_predictions_are_counted_by_phase_from_the_store() -> None:
    store = Store()
    metadata = {"name": "p", "namespace": "vision", "uid": "uid-p", "resourceVersion": "1"}
    store.put(PREDICTIONS, {"metadata": metadata, "status": {"phase": "Predicting"}})
    assert scrape(Metrics(store))['darkroom_predictions{namespace="vision",phase="Predicting"}'] == 1


def test_models_are_counted_by_phase_from_the_store() -> None:
    store = Store()
    for number, phase in enumerate(("Training", "Training", "Failed")):
        metadata = {"name": f"m{number}", "namespace": "vision", "uid": str(number), "resourceVersion": "1"}
        store.put(MODELS, {"metadata": metadata, "status": {"phase": phase}})
    samples = scrape(Metrics(store))
    assert samples['darkroom_models{namespace="vision",phase="Training"}'] == 2
    assert samples['darkroom_models{namespace="vision",phase="Failed"}'] == 1
    assert samples['darkroom_models{namespace="vision",phase="Succeeded"}'] == 0


def test_objects_that_cannot_be_read_are_counted_by_kind_on_every_replica() -> None:
    store = Store()
    store.put(MODELS, {"metadata": {"name": "m", "namespace": "vision", "uid": "1"}, "spec": "nonsense"})
    samples = scrape(Metrics(store, lambda: False))
    assert samples['darkroom_unreadable_objects_total{kind="Model"}'] == 1
    assert samples['darkroom_unreadable_objects_total{kind="Job"}'] == 0


def test_meters_and_times_grow_by_what_a_status_adds_and_only_once() -> None:
    metrics = Metrics(Store())
    queued = {"phase": "Queued", "queuedAt": stamp(0), "attempts": [{"number": 1}]}
    training = {**queued, "phase": "Training", "startedAt": stamp(60), "budget": {"allocatedSeconds": 10}}
    ended = {
        **training,
        "phase": "Failed",
        "reason": "TrainingDiverged",
        "completedAt": stamp(100),
        "attempts": [{"number": 1, "chargedSeconds": 30}],
        "budget": {"allocatedSeconds": 40},
    }
    for before, after in ((queued, training), (training, ended), (ended, ended)):
        metrics.observe_status(MODEL, before, after)
    samples = scrape(metrics)
    assert samples['darkroom_queue_seconds_sum{namespace="vision"}'] == 60
    assert samples['darkroom_training_seconds_sum{namespace="vision"}'] == 40
    assert samples['darkroom_charged_compute_seconds_total{namespace="vision"}'] == 30
    assert samples['darkroom_allocated_compute_seconds_total{namespace="vision"}'] == 40
    assert samples['darkroom_failures_total{kind="Model",namespace="vision",reason="TrainingDiverged"}'] == 1


def put_models(store: Store, namespaces: int) -> None:
    """Store a Model in each of so many namespaces."""
    for number in range(namespaces):
        metadata = {"name": "m", "namespace": f"n{number}", "uid": str(number), "resourceVersion": "1"}
        store.put(MODELS, {"metadata": metadata, "status": {"phase": "Training"}})


def test_only_so_many_namespaces_have_series_of_their_own_and_the_same_ones_in_every_metric(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics_module, "MOST_NAMESPACES", 2)
    store = Store()
    put_models(store, 4)
    metrics = Metrics(store)
    scrape(metrics)
    for namespace in ("n3", "n0"):
        metrics.observe_status(Key("Model", namespace, "m"), {}, {"attempts": [{"number": 1, "chargedSeconds": 5}]})
    samples = scrape(metrics)
    working = {name: value for name, value in samples.items() if name.endswith('phase="Training"}')}
    assert working == {f'darkroom_models{{namespace="{n}",phase="Training"}}': v for n, v in COUNTED.items()}
    assert samples['darkroom_charged_compute_seconds_total{namespace="n0"}'] == 5
    assert samples['darkroom_charged_compute_seconds_total{namespace="_other"}'] == 5
    assert 'darkroom_charged_compute_seconds_total{namespace="n3"}' not in samples

"""Metrics: what is counted of the statuses that they are given."""

from darkroom_operator.api.resources import MODELS
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.store import Store
from tests.builders import stamp


def scrape(metrics: Metrics) -> dict[str, float]:
    """Return the samples by name and labels."""
    lines = [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_models_are_counted_by_phase_from_the_store() -> None:
    store = Store()
    for number, phase in enumerate(("Training", "Training", "Failed")):
        metadata = {"name": f"m{number}", "namespace": "vision", "uid": str(number), "resourceVersion": "1"}
        store.put(MODELS, {"metadata": metadata, "status": {"phase": phase}})
    samples = scrape(Metrics(store))
    assert samples['darkroom_models{phase="Training"}'] == 2
    assert samples['darkroom_models{phase="Failed"}'] == 1
    assert samples['darkroom_models{phase="Succeeded"}'] == 0


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
        metrics.observe_status("Model", before, after)
    samples = scrape(metrics)
    assert samples["darkroom_queue_seconds_sum"] == 60
    assert samples["darkroom_training_seconds_sum"] == 40
    assert samples["darkroom_charged_compute_seconds_total"] == 30
    assert samples["darkroom_allocated_compute_seconds_total"] == 40
    assert samples['darkroom_failures_total{kind="Model",reason="TrainingDiverged"}'] == 1

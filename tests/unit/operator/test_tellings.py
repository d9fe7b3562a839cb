"""Events, metrics and logs: what is told of the statuses that they are given."""

import json
import logging
from typing import Any

import pytest

from darkroom_operator.api.resources import MODELS, Key
from darkroom_operator.logs import JsonFormatter
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.store import Store
from darkroom_operator.writing.events import build_event, build_repetition, find_notice
from tests.builders import START, stamp

FRUIT, PLUM = Key("Model", "vision", "fruit"), Key("Model", "vision", "plum")


@pytest.mark.parametrize(
    ("before", "after", "warning"),
    [
        ({}, {"phase": "Queued", "reason": "Scheduling"}, None),
        ({"phase": "Queued"}, {"phase": "Training", "reason": "Training", "message": "works"}, False),
        ({"phase": "Training"}, {"phase": "Succeeded", "reason": "Succeeded"}, False),
        ({"phase": "Training"}, {"phase": "Failed", "reason": "Unknown", "message": "x"}, True),
        ({"phase": "Training"}, {"phase": "Queued", "reason": "RetryingAfterDisruption"}, True),
        (
            {"phase": "Training", "reason": "Training"},
            {"phase": "Training", "reason": "Training", "message": "y"},
            None,
        ),
    ],
    ids=["queued", "starts", "succeeds", "fails", "is tried again", "only its words change"],
)
def test_a_change_is_told_when_a_user_should_notice(before: Any, after: Any, warning: bool | None) -> None:
    notice = find_notice(FRUIT, "u", before, after)
    assert (notice.warning if notice else None) is warning


def test_a_repetition_adds_to_the_series_of_the_same_event() -> None:
    first = find_notice(FRUIT, "u", {}, {"phase": "Training", "reason": "Training"})
    again = find_notice(FRUIT, "u", {"phase": "Queued"}, {"phase": "Training", "reason": "Training"})
    other = find_notice(PLUM, "u2", {}, {"phase": "Training", "reason": "Training"})
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.name == again.name != other.name
    event = build_event(first, "here", START)
    assert (event["metadata"]["namespace"], event["eventTime"]) == ("vision", "2026-06-01T12:00:00.000000Z")
    (operation,) = build_repetition({**event, "series": {"count": 4}}, START)
    assert operation["value"]["count"] == 5


def test_a_failure_is_told_apart_from_the_attempts_with_the_same_reason_before_it() -> None:
    paused = find_notice(FRUIT, "u", {}, {"phase": "Queued", "reason": "StorageUnavailable"})
    failed = find_notice(FRUIT, "u", {"phase": "Queued"}, {"phase": "Failed", "reason": "StorageUnavailable"})
    assert paused is not None
    assert failed is not None
    assert (paused.warning, failed.warning) == (True, True)
    assert paused.name != failed.name


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


def test_a_log_line_is_json_with_its_extra_fields_and_its_exception() -> None:
    try:
        raise ValueError("why")
    except ValueError as error:
        made = logging.LogRecord("a", logging.ERROR, "f", 1, "said %s", ("x",), (ValueError, error, None))
    made.object = "Model/vision/fruit"
    line = json.loads(JsonFormatter().format(made))
    assert (line["level"], line["message"], line["object"]) == ("error", "said x", "Model/vision/fruit")
    assert "why" in line["exception"]

"""The work queue and its scheduler, Events, metrics, logs and health: what they do with what they are given."""

import asyncio
import json
import logging
from typing import Any

import pytest

from darkroom_operator.audit import INTERVAL_SECONDS, Audit
from darkroom_operator.events import build_event, build_repetition, find_notice
from darkroom_operator.health import find_illness, find_unreadiness
from darkroom_operator.logs import JsonFormatter
from darkroom_operator.metrics import Metrics
from darkroom_operator.resources import MODELS, Key
from darkroom_operator.scheduler import Scheduler
from darkroom_operator.store import Store
from darkroom_operator.workqueue import WorkQueue
from tests.builders import START, stamp
from tests.unit.operator.fake_cluster import FakeCluster

KEYS = [Key("Model", "vision", f"m{number}") for number in range(3)]


async def run_queue(reconcile: Any, seconds: float, *, workers: int = 4) -> list[tuple[Key, BaseException, float]]:
    """Let workers take all keys for a while; return the errors that were told."""
    errors: list[tuple[Key, BaseException, float]] = []
    scheduler = Scheduler()
    queue = WorkQueue(reconcile, lambda *error: errors.append(error), scheduler)
    tasks = [asyncio.create_task(queue.work()) for _ in range(workers)]
    tasks.append(asyncio.create_task(scheduler.run(queue.add)))
    for _ in range(5):
        queue.add(KEYS)
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return errors


def test_many_triggers_of_one_object_cost_one_reconcile() -> None:
    seen: list[Key] = []

    async def reconcile(key: Key) -> None:
        seen.append(key)

    asyncio.run(run_queue(reconcile, 0.05))
    assert sorted(map(str, seen)) == sorted(map(str, KEYS))


def test_one_object_is_never_reconciled_twice_at_once_and_once_more_after_a_trigger() -> None:
    active: dict[Key, int] = {}
    calls: list[Key] = []

    async def reconcile(key: Key) -> float | None:
        active[key] = active.get(key, 0) + 1
        assert active[key] == 1
        calls.append(key)
        await asyncio.sleep(0.01)
        active[key] -= 1
        return 0.05 if calls.count(key) == 1 else None

    assert asyncio.run(run_queue(reconcile, 0.4)) == []
    assert all(calls.count(key) == 2 for key in KEYS)


def test_a_broken_object_is_told_with_growing_pauses_and_does_not_stop_the_others() -> None:
    seen: list[Key] = []

    async def reconcile(key: Key) -> None:
        seen.append(key)
        if key == KEYS[0]:
            raise KeyError("broken")

    errors = asyncio.run(run_queue(reconcile, 1.9, workers=1))
    assert [pause for _, _, pause in errors] == [0.5, 1.0, 2.0]
    assert {key for key, _, _ in errors} == {KEYS[0]}
    assert set(KEYS) <= set(seen)


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
    notice = find_notice(KEYS[0], "u", before, after)
    assert (notice.warning if notice else None) is warning


def test_a_repetition_adds_to_the_series_of_the_same_event() -> None:
    first = find_notice(KEYS[0], "u", {}, {"phase": "Training", "reason": "Training"})
    again = find_notice(KEYS[0], "u", {"phase": "Queued"}, {"phase": "Training", "reason": "Training"})
    other = find_notice(KEYS[1], "u2", {}, {"phase": "Training", "reason": "Training"})
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.name == again.name != other.name
    event = build_event(first, "here", START)
    assert (event["metadata"]["namespace"], event["eventTime"]) == ("vision", "2026-06-01T12:00:00.000000Z")
    (operation,) = build_repetition({**event, "series": {"count": 4}}, START)
    assert operation["value"]["count"] == 5


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


def test_health_tells_a_dead_watch_and_readiness_a_silent_api_server() -> None:
    cluster: Any = FakeCluster()
    audit = Audit(cluster, Store(), (), lambda _keys: None)
    assert "not listed" in str(find_unreadiness(audit, 0))
    asyncio.run(audit.fill())
    now = audit.passed_at
    assert (find_illness(audit), find_unreadiness(audit, now)) == (None, None)
    assert "did not answer" in str(find_unreadiness(audit, now + 10 * INTERVAL_SECONDS))
    audit.dead_watches = ("models",)
    assert "models" in str(find_illness(audit))

"""The work queue: which triggers become a reconcile, and when."""

import asyncio
from typing import Any

import pytest

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Key
from darkroom_operator.watching.workqueue import WorkQueue

KEYS = [Key("Model", "vision", f"m{number}") for number in range(3)]


async def run_queue(reconcile: Any, seconds: float, *, workers: int = 4) -> list[tuple[Key, BaseException, float]]:
    """Let workers take all keys for a while; return the errors that were told."""
    errors: list[tuple[Key, BaseException, float]] = []
    queue = WorkQueue(reconcile, lambda *error: errors.append(error))
    tasks = [asyncio.create_task(queue.work()) for _ in range(workers)]
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


def test_a_paused_queue_hands_out_nothing_and_forgets_nothing() -> None:
    seen: list[Key] = []

    async def reconcile(key: Key) -> None:
        seen.append(key)
        await asyncio.sleep(0.02)

    async def live() -> tuple[int, int]:
        queue = WorkQueue(reconcile, lambda *_error: None)
        worker = asyncio.create_task(queue.work())
        queue.pause()
        queue.add(KEYS)
        await asyncio.sleep(0.05)
        paused = len(seen)
        queue.resume()
        await asyncio.sleep(0.01)
        queue.pause()
        await queue.drain(1)
        drained = len(seen)
        queue.resume()
        await asyncio.sleep(0.1)
        worker.cancel()
        return paused, drained

    assert asyncio.run(live()) == (0, 1)
    assert seen == KEYS


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


def test_an_api_server_that_is_too_busy_is_left_alone_for_as_long_as_it_says() -> None:
    async def reconcile(_key: Key) -> None:
        raise ClusterError(429, "TooManyRequests", "later", retry_after_seconds=7.0)

    assert {pause for _, _, pause in asyncio.run(run_queue(reconcile, 0.05))} == {7.0}


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [((0.05, 9.0), 1), ((9.0, 0.05), 1), ((0.05, 0.05), 1), ((9.0, 9.0), 0), ((0.0,), 1)],
    ids=["a later wish is none", "a sooner one replaces it", "the same twice is one", "not yet", "at once"],
)
def test_the_soonest_wish_of_an_object_counts(wishes: tuple[float, ...], expected: int) -> None:
    async def live() -> int:
        queue = WorkQueue(nothing, lambda *_error: None)
        for seconds in wishes:
            queue.add_after(seconds, KEYS[0])
        before = len(queue)
        await asyncio.sleep(0.15)
        return len(queue) if before == 0 else -1

    assert asyncio.run(live()) == expected


async def nothing(_key: Key) -> None:
    """Reconcile nothing."""
